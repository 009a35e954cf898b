"""What nobody heard the end of: asked of the connector after the lease, or settled by a named person."""

import logging
import uuid

from django.db import DatabaseError, transaction

from accounts.models import Role, User
from accounts.people import actor_of, roles_of
from approvals.clock import database_now
from approvals.errors import MovedOn, NotAllowed, NotVisible, WrongFields
from approvals.models import ActionStatus, PendingAction
from approvals.services.execute import end, request_of
from approvals.transitions import IllegalMove
from audit.actors import SYSTEM
from integrations.base import CallResult, Ending, Presence
from integrations.registry import connector_for

logger = logging.getLogger(__name__)
BATCH = 20
_SETTLERS = frozenset({Role.SENIOR_ANALYST, Role.SOC_LEAD, Role.INCIDENT_COMMANDER})
_BY_PRESENCE = {
    Presence.PRESENT: CallResult(
        Ending.SUCCEEDED, "The executor was lost; the connector shows that the effect happened.", {"reconciled": True}
    ),
    Presence.ABSENT: CallResult(
        Ending.FAILED, "The executor was lost; the connector shows that nothing happened.", {"reconciled": True}
    ),
    Presence.UNKNOWN: CallResult(
        Ending.AMBIGUOUS,
        "The executor was lost and the connector cannot say whether it happened.",
        {"reconciled": True},
    ),
}


def reap_leases() -> int:
    """End executions whose lease is over; return how many. The look-up runs outside any transaction."""
    due = PendingAction.objects.filter(status=ActionStatus.EXECUTING, lease_until__lte=database_now())
    return sum(_reap_one(action) for action in list(due.order_by("pk")[:BATCH]))


def _reap_one(seen: PendingAction) -> bool:
    """One bad row never takes its neighbours down."""
    try:
        return _reap(seen)
    except (DatabaseError, IllegalMove):
        logger.exception("lease.not_reaped", extra={"action": str(seen.pk)})
        return False


def _reap(seen: PendingAction) -> bool:
    connector = connector_for(seen.action_type)
    presence = connector.lookup(request_of(seen)) if connector else Presence.UNKNOWN
    with transaction.atomic():
        action = PendingAction.objects.locked(seen.pk)
        if action.status != ActionStatus.EXECUTING or action.fence != seen.fence:
            return False
        end(action, _BY_PRESENCE[presence], actor=SYSTEM)
        return True


def settle(*, user: User, action_id: uuid.UUID, happened: bool, evidence: str) -> PendingAction:
    """Let a named person say how an unknown outcome ended, with evidence.

    Before "it did not happen" is believed, the connector is asked and told to refuse a late call.
    Raises NotVisible, NotAllowed (role, contradicted), MovedOn (not unknown any more), WrongFields (no evidence).
    """
    presence = Presence.UNKNOWN if happened else _seal(user, action_id)
    with transaction.atomic():
        try:
            action = PendingAction.objects.for_user(user).locked(action_id)
        except PendingAction.DoesNotExist:
            raise NotVisible from None
        if not roles_of(user) & _SETTLERS:
            raise NotAllowed("role", "Settling an unknown outcome needs a senior analyst, a lead or a commander.")
        if action.status != ActionStatus.UNKNOWN:
            raise MovedOn(
                action, "state", f"This action is {action.get_status_display().lower()} now. Nothing changed."
            )
        if not evidence.strip():
            raise WrongFields([{"field": "evidence", "error": "say how you know"}])
        if not happened and presence is Presence.PRESENT:
            raise NotAllowed(
                "contradicted", "The connector shows that the effect happened: it cannot be settled as failed."
            )
        ending = Ending.SUCCEEDED if happened else Ending.FAILED
        result = CallResult(ending, evidence.strip()[:1000], {"settled_by": user.username})
        end(action, result, actor=actor_of(user), name="approvals.action.settled")
        return action


def _seal(user: User, action_id: uuid.UUID) -> Presence:
    """Ask the connector, outside any transaction; only for an unknown outcome that this person may settle."""
    action = PendingAction.objects.for_user(user).filter(pk=action_id, status=ActionStatus.UNKNOWN).first()
    connector = connector_for(action.action_type) if action is not None else None
    if action is None or connector is None or not roles_of(user) & _SETTLERS:
        return Presence.UNKNOWN
    return connector.lookup(request_of(action))
