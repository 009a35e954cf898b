"""Blast-radius counters: taken at the claim, freed when the effect failed or was undone."""

from django.db.models import F, QuerySet

from approvals import catalogue
from approvals.clock import database_now
from approvals.models import BlastCounter, BlastHold, PendingAction


def release_hold(action: PendingAction) -> None:
    """Free what this action took, once."""
    _release(BlastHold.objects.filter(action=action, released_at=None))


def release_by_inverse(action: PendingAction) -> None:
    """An executed inverse (release_host) frees what the original on the same target took."""
    kind = catalogue.get(action.action_type)
    if kind is None or kind.inverse is None:
        return
    began = action.attempts.get(fence=action.fence).started_at
    _release(
        BlastHold.objects.filter(
            # What took effect after this inverse was called is not undone by it.
            action__ended_at__lte=began,
            action__team_id=action.team_id,
            action__action_type=kind.inverse,
            action__target_type=action.target_type,
            action__target_value=action.target_value,
            released_at=None,
        )
    )


def _release(holds: QuerySet[BlastHold]) -> None:
    for hold in holds.order_by("pk"):
        if BlastHold.objects.filter(pk=hold.pk, released_at=None).update(released_at=database_now()):
            BlastCounter.objects.filter(pk=hold.counter_id).update(in_use=F("in_use") - 1)
