"""Reads for the agents' page: who works for a team, and what the engine has learnt."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Q

from accounts.models import Agent, User
from accounts.people import team_ids_of
from agents.models import LearntVerdict
from agents.triage.calibration import LEAST_FOR_SLOPE
from agents.triage.verdict import ENGINE
from incidents.models import TriageVerdict, VerdictFeedback

#: An agent that has not beaten for this long is shown as silent.
SILENT_AFTER = dt.timedelta(minutes=5)
RECENT = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as listed: `health` is alive, silent or never seen."""

    agent: Agent
    health: str
    proposals: int
    recent_proposals: int
    last_proposal_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EngineCard:
    """What the embedded engine is and has: verdicts it gave, feedback on them, verdicts it learnt from."""

    name: str
    verdicts: int
    feedback: int
    overrides: int
    learnt: int
    analysts: int
    last_learnt_at: dt.datetime | None
    calibrates_from: int


def agents_for(user: User, *, now: dt.datetime) -> list[AgentRow]:
    """Return the agents of the person's teams, by name."""
    rows = (
        Agent.objects.filter(team_id__in=team_ids_of(user), is_active=True)
        .annotate(
            proposal_n=Count("actions"),
            recent_n=Count("actions", filter=Q(actions__created_at__gte=now - RECENT)),
            proposed_at=Max("actions__created_at"),
        )
        .order_by("name")
    )
    return [AgentRow(row, _health(row, now), row.proposal_n, row.recent_n, row.proposed_at) for row in rows]


def engine_for(user: User) -> EngineCard:
    """Return the embedded engine's card, counted over the person's teams."""
    teams = team_ids_of(user)
    feedback = VerdictFeedback.objects.filter(alert__team_id__in=teams, verdict__engine=ENGINE)
    counts = feedback.aggregate(n=Count("pk"), overrides=Count("pk", filter=Q(is_override=True)))
    rows = LearntVerdict.objects.filter(team_id__in=teams, is_true__isnull=False)
    learnt = rows.aggregate(n=Count("pk"), people=Count("person_id", distinct=True), newest=Max("judged_at"))
    return EngineCard(
        name=ENGINE,
        verdicts=TriageVerdict.objects.filter(engine=ENGINE, alert__team_id__in=teams).count(),
        feedback=counts["n"],
        overrides=counts["overrides"],
        learnt=learnt["n"],
        analysts=learnt["people"],
        last_learnt_at=learnt["newest"],
        calibrates_from=LEAST_FOR_SLOPE,
    )


def _health(agent: Agent, now: dt.datetime) -> str:
    if agent.last_heartbeat_at is None:
        return "never_seen"
    return "silent" if now - agent.last_heartbeat_at > SILENT_AFTER else "alive"
