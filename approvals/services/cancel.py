"""cancel(): the proposer takes a proposal back, while nothing was dispatched."""

import uuid

from django.db import transaction

from accounts.models import Agent
from accounts.people import actor_of_agent
from approvals import transitions
from approvals.clock import database_now
from approvals.errors import MovedOn, NotAllowed, NotVisible
from approvals.models import ActionStatus, PendingAction
from approvals.services.record import announce, save_move


def cancel(*, agent: Agent, action_id: uuid.UUID) -> PendingAction:
    """Cancel the agent's own pending or approved action. Raises NotVisible, NotAllowed (proposer), MovedOn."""
    with transaction.atomic():
        try:
            action = (
                PendingAction.objects.filter(team_id=agent.team_id).select_for_update(of=("self",)).get(pk=action_id)
            )
        except PendingAction.DoesNotExist:
            raise NotVisible from None
        if action.proposer_agent_id != agent.id:
            raise NotAllowed("not_the_proposer", "Only the agent that proposed an action cancels it.")
        before = action.status
        if (before, ActionStatus.CANCELLED) not in transitions.LEGAL:
            raise MovedOn(action, "state", f"This action is {action.get_status_display().lower()}: too late to cancel.")
        action.status = ActionStatus.CANCELLED
        action.ended_at = database_now()
        action.outcome = {"words": "Cancelled by its proposer."}
        save_move(action, "status", "ended_at", "outcome")
        announce(
            action,
            name="approvals.action.cancelled",
            actor=actor_of_agent(agent),
            before={"status": before},
            after={"status": action.status},
        )
        return action
