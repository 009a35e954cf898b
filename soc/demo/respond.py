"""The demo's agents at work during the replay: a proposal about what was triaged as an attack, never a flood."""

import datetime as dt
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings

from accounts.models import Agent
from approvals.clock import database_now
from approvals.errors import TooMany, WrongFields
from approvals.models import ActionStatus, BlastCounter, PendingAction
from approvals.services.propose import Proposal, Proposer, propose
from approvals.transitions import OPEN
from incidents.models import Alert, Classification
from soc.demo import cast
from soc.demo.decided import agent_for
from soc.demo.proposals import IDEAS, ideas_for

logger = logging.getLogger(__name__)

#: Not more than one proposal in this many seconds, and none while so many wait.
PAUSE_SECONDS = 60.0
MOST_OPEN = 40
#: Isolations left to the reader, whatever happens.
FREE_ISOLATIONS = 2


@dataclass(slots=True)
class Responder:
    """Looks at what was triaged since it looked last and proposes one thing about it, at most once a minute."""

    chance: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    #: The first proposal comes soon, so that a newcomer sees one arrive.
    next_at: float | None = None

    def look(self) -> PendingAction | None:
        """Propose about one fresh attack, if it is time and people keep up; return the action."""
        now = self.clock()
        if self.next_at is None:
            self.next_at = now + PAUSE_SECONDS / 3
        if now < self.next_at:
            return None
        self.next_at = now + PAUSE_SECONDS * self.chance.uniform(1.0, 1.6)
        agents = cast.agents()
        open_now = PendingAction.objects.filter(team__agents__in=agents.values(), status__in=OPEN).distinct().count()
        if open_now > MOST_OPEN:
            return None
        for proposal in self._candidates():
            action = _propose(agents[agent_for(proposal.action_type)], proposal)
            if action is not None:
                return action
        return None

    def _candidates(self) -> list[Proposal]:
        """Return fitting proposals about the last minutes' attacks, in an order of chance."""
        fresh = Alert.objects.filter(
            source__name__in=cast.sources(),
            detection_id__in=IDEAS,
            received_at__gt=database_now() - dt.timedelta(minutes=10),
            verdicts__is_current=True,
            verdicts__verdict__in=(Classification.TRUE_POSITIVE, Classification.SUSPICIOUS),
        )
        found = [
            idea for alert in fresh.select_related("source").order_by("-received_at")[:8] for idea in ideas_for(alert)
        ]
        self.chance.shuffle(found)
        return [proposal for proposal in found if _is_fitting(proposal)]


def _is_fitting(proposal: Proposal) -> bool:
    """Whether it is new, and leaves the reader the isolations that are theirs."""
    if proposal.action_type == "isolate_host" and isolations_left() <= FREE_ISOLATIONS:
        return False
    same = PendingAction.objects.filter(action_type=proposal.action_type, target_value=proposal.target_value)
    return not same.exclude(status__in=(ActionStatus.EXPIRED, ActionStatus.CANCELLED)).exists()


def isolations_left() -> int:
    """Return how many isolations are free when everything that is open is approved."""
    cap = settings.BLAST_CAPS["isolated_hosts"]
    used = sum(BlastCounter.objects.filter(team__slug="soc", key="isolated_hosts").values_list("in_use", flat=True))
    waiting = PendingAction.objects.filter(team__slug="soc", action_type="isolate_host", status__in=OPEN).count()
    return int(cap - used - waiting)


def _propose(agent: Agent, proposal: Proposal) -> PendingAction | None:
    try:
        return propose(proposer=Proposer(team=agent.team, agent=agent), proposal=proposal)
    except (TooMany, WrongFields) as refusal:
        logger.info("replay.no_proposal", extra={"why": str(refusal)})
        return None
