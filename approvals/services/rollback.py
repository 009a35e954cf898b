"""Rollback: the inverse, proposed as a new, linked action with a level of its own."""

import uuid

from accounts.models import User
from accounts.people import DECIDING, roles_of
from approvals import catalogue, transitions
from approvals.errors import MovedOn, NotAllowed, NotVisible
from approvals.models import ActionStatus, PendingAction
from approvals.services.propose import Proposal, Proposer, propose


def propose_rollback(*, user: User, action_id: uuid.UUID, reason: str = "") -> PendingAction:
    """Propose the inverse of an executed action. Raises NotVisible, NotAllowed (role, irreversible), MovedOn."""
    action = PendingAction.objects.for_user(user).select_related("team").filter(pk=action_id).first()
    if action is None:
        raise NotVisible
    if not roles_of(user) & DECIDING:
        raise NotAllowed("role", "Proposing a rollback needs an analyst, senior analyst, lead or commander.")
    if action.status != ActionStatus.EXECUTED:
        words = f"Only an executed action can be rolled back; this one is {action.get_status_display().lower()}."
        raise MovedOn(action, "state", words)
    kind = catalogue.get(action.action_type)
    if kind is None or kind.inverse is None:
        raise NotAllowed("irreversible", "Nothing undoes this type of action.")
    if action.rollbacks.filter(status__in=[*transitions.OPEN, ActionStatus.EXECUTED]).exists():
        raise MovedOn(action, "rolled_back", "A rollback of this action is open or done already.")
    proposal = Proposal(
        action_type=kind.inverse,
        target_type=action.target_type,
        target_value=action.target_value,
        # Where it was done is where it is undone: without its host, a restored file would be quarantined everywhere.
        params={"host": action.params["host"]} if "host" in action.params else {},
        reasoning=reason.strip() or f"Rolls back {action.action_type} on {action.target_value}.",
        alert_id=action.alert_id,
    )
    return propose(proposer=Proposer(team=action.team, user=user), proposal=proposal, rollback_of=action)
