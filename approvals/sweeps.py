"""What the sweeper runs for this app: deadlines, leases, and approved actions whose nudge was lost."""

import logging

from django.db import DatabaseError
from django.db.models import F, Q

from approvals.callback_couriers import dispatch_due
from approvals.clock import database_now
from approvals.models import ActionStatus, PendingAction
from approvals.services.execute import execute
from approvals.services.expire import expire_due, mark_overdue, proceed_due
from approvals.services.reconcile import reap_leases
from approvals.transitions import IllegalMove
from live.sweep import register

logger = logging.getLogger(__name__)

#: A nudge is given this long before the sweeper looks: normally the worker was faster.
BATCH = 20


def execute_due() -> int:
    """Execute approved actions that no worker claimed; return how many were looked at."""
    now = database_now()
    due = PendingAction.objects.filter(Q(next_claim_at=None) | Q(next_claim_at__lte=now), status=ActionStatus.APPROVED)
    # What waited longest for a try comes first, so that what a stop or a cap holds back starves nobody.
    order = (F("next_claim_at").asc(nulls_first=True), "decided_at", "pk")
    ids = list(due.order_by(*order).values_list("pk", flat=True)[:BATCH])
    for pk in ids:
        try:
            execute(action_id=pk)
        except (DatabaseError, IllegalMove):
            # One bad row never takes its neighbours down; its lease, if it got one, is reaped.
            logger.exception("execution.failed", extra={"action": str(pk)})
    return len(ids)


def register_sweeps() -> None:
    """Called once by the app's ready()."""
    register("approvals.expire_due", 1, expire_due)
    register("approvals.proceed_due", 1, proceed_due)
    register("approvals.mark_overdue", 2, mark_overdue)
    register("approvals.reap_leases", 1, reap_leases)
    register("approvals.execute_due", 1, execute_due)
    register("approvals.deliver_callbacks", 1, dispatch_due)
