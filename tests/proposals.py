"""Proposals and proofs that the tests of approvals share."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Agent, User
from approvals.models import PendingAction
from approvals.services.decide import Proof, Vote, decide
from approvals.services.evidence import mark_seen
from approvals.services.propose import Proposal, Proposer, propose

Propose = Callable[..., PendingAction]
Approve = Callable[..., PendingAction]


@pytest.fixture
def proposed(agent: Agent, estate: None) -> Propose:
    """Return a function that proposes as the agent: proposed("isolate_host", "host", "WS-1031")."""

    def make(
        action_type: str = "isolate_host", kind: str = "host", value: str = "WS-1031", **more: Any
    ) -> PendingAction:
        return propose(
            proposer=Proposer(team=agent.team, agent=agent),
            proposal=Proposal(action_type=action_type, target_type=kind, target_value=value, **more),
        )

    return make


def fresh() -> Proof:
    """Return a log-in of just now."""
    return Proof(method="password", at=timezone.now() - dt.timedelta(seconds=1))


def vote(user: User, action: PendingAction, decision: str = "approve", **more: Any) -> PendingAction:
    """Vote as a careful person does: evidence seen, fresh log-in, a comment."""
    mark_seen(user=user, action=action)
    fields = {"comment": "checked", **more}
    return decide(
        user=user,
        action_id=action.id,
        vote=Vote(decision=decision, digest=fields.pop("digest", action.digest), **fields),
        proof=fresh(),
    )
