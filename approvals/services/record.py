"""Every move of an action: one audit entry and one live event, in the move's transaction."""

from typing import Any

from approvals import hooks
from approvals.models import PendingAction
from audit.actors import Actor
from audit.services import record
from live.publish import publish


def save_move(action: PendingAction, *fields: str) -> None:
    """Write the named fields; the trigger raises the revision, which is read back."""
    action.save(update_fields=list(fields))
    action.refresh_from_db(fields=["revision"])


def announce(
    action: PendingAction,
    *,
    name: str,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Publish the change and record it; the audit's head lock is taken last."""
    publish(
        kind=name,
        object_type="action",
        object_id=str(action.id),
        revision=action.revision,
        team_id=str(action.team_id),
    )
    if _is_move(before, after):
        for hook in hooks.on_moved:
            hook(action)
    record(
        action=name,
        actor=actor,
        object_type="action",
        object_id=str(action.id),
        object_label=f"{action.action_type} {action.target_value}",
        before=before,
        after=after,
        reason=reason,
        team_id=str(action.team_id),
    )


def _is_move(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    """Whether the entry tells of another status (a vote, a delay, a mark does not)."""
    status = (after or {}).get("status")
    return status is not None and status != (before or {}).get("status")
