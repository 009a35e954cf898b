"""Votes that stop counting: taken out of their slots, kept on the record."""

from accounts.people import roles_of, team_ids_of
from approvals.clock import database_now
from approvals.models import Decision, PendingAction, SlotAssignment


def void_lost_votes(action: PendingAction) -> None:
    """Withdraw the approvals whose voter may no longer decide; the caller holds the action's lock.

    Where all of them look entitled (a right came back in between), every one is withdrawn: people confirm anew.
    """
    votes = list(action.decisions.filter(withdrawn_at=None).select_related("user"))
    lost = [vote for vote in votes if not _still_counts(action, vote)]
    for vote in lost or votes:
        vote.withdrawn_at = database_now()
        vote.save(update_fields=["withdrawn_at"])
        SlotAssignment.objects.filter(decision=vote).delete()


def _still_counts(action: PendingAction, vote: Decision) -> bool:
    held = roles_of(vote.user)
    return action.team_id in team_ids_of(vote.user) and any(held & set(slot.roles) for slot in action.slots.all())
