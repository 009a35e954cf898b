"""Deadlines: found by the sweeper with SKIP LOCKED, judged by the database's clock."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet

from approvals import transitions
from approvals.clock import database_now
from approvals.models import ActionStatus, AtDeadline, PendingAction
from approvals.services.execute import STRICTER, cancel_outdated
from approvals.services.propose import proceed
from approvals.services.record import announce, save_move
from approvals.stops import without_held
from approvals.transitions import IllegalMove
from audit.actors import SYSTEM

logger = logging.getLogger(__name__)

BATCH = 50
_PROCEEDS = (AtDeadline.PROCEED, AtDeadline.PROCEED_AT_ONCE)


def expire_due() -> int:
    """Expire what nobody decided, and what was approved but not executed in time; return how many."""
    rows = PendingAction.objects.filter(
        status__in=[ActionStatus.PENDING, ActionStatus.APPROVED], expires_at__lte=database_now()
    )
    return _each(rows, _expire)


def proceed_due() -> int:
    """Let optional actions proceed whose deadline passed and to which nobody objected; return how many.

    What is stopped or frozen waits, until it is lifted or expires; the claim asks again.
    """
    rows = PendingAction.objects.filter(
        status=ActionStatus.PENDING, at_deadline__in=_PROCEEDS, deadline_at__lte=database_now()
    )
    return _each(without_held(rows), _proceed)


def mark_overdue() -> int:
    """Mark what stays queued or blocked past its deadline; return how many."""
    rows = PendingAction.objects.filter(
        status=ActionStatus.PENDING, overdue_at=None, deadline_at__lte=database_now()
    ).exclude(at_deadline__in=_PROCEEDS)
    return _each(rows, _overdue)


def _each(rows: QuerySet[PendingAction], move: Callable[[PendingAction], None]) -> int:
    """Move each due row in a transaction of its own: one bad row never takes its neighbours down."""
    moved = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        try:
            with transaction.atomic():
                action = rows.filter(pk=pk).select_for_update(skip_locked=True).first()
                if action is not None:
                    move(action)
                    moved += 1
        except (DatabaseError, IllegalMove):
            logger.exception("deadline.not_moved", extra={"action": str(pk)})
    return moved


def _expire(action: PendingAction) -> None:
    before = action.status
    transitions.check(before, ActionStatus.EXPIRED)
    action.status = ActionStatus.EXPIRED
    action.ended_at = database_now()
    save_move(action, "status", "ended_at")
    announce(
        action,
        name="approvals.action.expired",
        actor=SYSTEM,
        before={"status": before},
        after={"status": action.status},
        reason="The hard expiry passed; nothing was executed.",
    )


def _proceed(action: PendingAction) -> None:
    proceed(action, reason="The deadline passed and no one objected.", version=action.policy_version)
    announce(
        action,
        name="approvals.action.proceeded",
        actor=SYSTEM,
        before={"status": "pending"},
        after={"status": action.status, "policy_version": action.policy_version_id},
        reason="The deadline passed and no one objected.",
    )


def _proceed_or_cancel(action: PendingAction) -> None:
    """Proceed; where the policy has become stricter since (the database says so), nothing runs under the old one."""
    try:
        with transaction.atomic():
            _proceed(action)
    except IntegrityError as error:
        if "CS014" not in str(error):
            raise
        action.refresh_from_db()
        cancel_outdated(action, STRICTER)


def _overdue(action: PendingAction) -> None:
    action.overdue_at = database_now()
    save_move(action, "overdue_at")
    announce(
        action,
        name="approvals.action.overdue",
        actor=SYSTEM,
        after={"overdue_at": action.overdue_at.isoformat()},
        reason=f"The deadline passed; it {action.get_at_deadline_display()}.",
    )
