"""Votes that stop counting: taken out of their slots, kept on the record."""

from accounts.people import roles_of, team_ids_of
from approvals.clock import database_now
from approvals.models import Decision, PendingAction, SlotAssignment


def void_lost_votes(action: PendingAction) -> None:
    """Withdraw the approvals whose voter may no longer decide; the caller holds the action's lock.

    Where all of them look entitled (a right came back in between), every one is withdrawn: people confirm anew.
    """
    for vote in lost_votes(action) or live_votes(action):
        _withdraw(vote)


def drop_lost_votes(action: PendingAction) -> list[Decision]:
    """Withdraw the approvals that no longer count, if any, and return them; the caller holds the action's lock."""
    lost = lost_votes(action)
    for vote in lost:
        _withdraw(vote)
    return lost


def live_votes(action: PendingAction) -> list[Decision]:
    """Return the votes that were not withdrawn, oldest first."""
    return list(action.decisions.filter(withdrawn_at=None).select_related("user"))


def lost_votes(action: PendingAction) -> list[Decision]:
    """Return the live approvals whose voter lost the role, the team or the account since."""
    return [vote for vote in live_votes(action) if vote.decision == "approve" and not still_counts(action, vote)]


def _withdraw(vote: Decision) -> None:
    vote.withdrawn_at = database_now()
    vote.save(update_fields=["withdrawn_at"])
    SlotAssignment.objects.filter(decision=vote).delete()


def roles_that_count(vote: Decision) -> frozenset[str]:
    """Return the roles held at the vote and still: only these fill a slot."""
    return roles_of(vote.user) & frozenset(vote.roles)


def still_counts(action: PendingAction, vote: Decision) -> bool:
    """Whether the voter may still decide this, as things are now."""
    held = roles_that_count(vote)
    return (
        vote.user.person_id == vote.person_id
        and action.team_id in team_ids_of(vote.user)
        and any(held & set(slot.roles) for slot in action.slots.all())
    )
