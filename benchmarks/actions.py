"""Pending actions: proposed, decided and executed one after another, by the services."""

import datetime as dt
import hashlib
import uuid
from functools import partial

from approvals.services.decide import Proof, Vote, decide
from approvals.services.execute import execute
from approvals.services.propose import Proposal, Proposer, propose
from benchmarks.measure import Measured, each
from benchmarks.world import world

ACTIONS = 300
#: Left undecided, so that the queue's page has something to show.
LEFT_OPEN = 100


def rows() -> list[Measured]:
    """Return the measurements of a recommended action's life."""
    made: list[tuple[uuid.UUID, str]] = []

    def proposing(number: int) -> None:
        here = world()
        target = hashlib.sha256(f"bench {number}".encode()).hexdigest()
        action = propose(
            proposer=Proposer(team=here.team, agent=here.agent),
            proposal=Proposal("quarantine_file", "hash", target, reasoning="bench", confidence=0.8),
        )
        assert action.status == "pending", action.guardrails
        made.append((action.id, action.digest))

    def deciding(action_id: uuid.UUID, digest: str) -> None:
        proof = Proof("password", dt.datetime.now(dt.UTC))
        decided = decide(user=world().analyst, action_id=action_id, vote=Vote("approve", digest), proof=proof)
        assert decided.status == "approved", decided.status

    def executing(action_id: uuid.UUID) -> None:
        assert execute(action_id=action_id) == "executed"

    proposals = [partial(proposing, number) for number in range(ACTIONS + LEFT_OPEN)]
    measured = [each("propose", "actions", proposals, "guardrails, policy, digest, audit, live event")]
    chosen = made[:ACTIONS]
    measured.append(
        each("decide", "actions", [partial(deciding, *action) for action in chosen], "one vote of one person")
    )
    runs = [partial(executing, action_id) for action_id, _ in chosen]
    return [*measured, each("execute", "actions", runs, "claim, simulated call, verify, record")]
