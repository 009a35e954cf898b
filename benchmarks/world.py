"""What every row works on: a team with people, an agent and a source, and alerts of our own making."""

import datetime as dt
import json
import random
from dataclasses import dataclass
from functools import cache

from accounts.models import Agent, AlertSource, Role, Scope, Team, User
from accounts.services import (
    add_to_team,
    create_agent,
    create_person,
    create_source,
    create_team,
    grant_role,
    issue_token,
)

#: The same alerts in every run.
SEED = 20_260_101
HOSTS = 400
RULES = 120


@dataclass(frozen=True, slots=True)
class World:
    """Who exists. `source_token` delivers alerts."""

    team: Team
    analyst: User
    agent: Agent
    source: AlertSource
    source_token: str


@cache
def world() -> World:
    """Make the team once."""
    team = create_team(slug="bench", name="Bench")
    analyst = create_person(username="bench-analyst", password="bench-only-never-served")  # noqa: S106 - nobody logs in
    grant_role(user=analyst, role=Role.ANALYST)
    add_to_team(user=analyst, team=team)
    source = create_source(name="bench", team=team)
    _, token = issue_token(owner=source, scopes=[Scope.ALERTS_WRITE], expires_in=dt.timedelta(hours=1))
    return World(team, analyst, create_agent(name="bench-agent", team=team), source, token)


def ndjson(count: int, *, series: str) -> bytes:
    """Return `count` distinct alerts, one a line; another `series` repeats none of them."""
    dice = random.Random(f"{SEED}{series}")  # noqa: S311 - test data
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    lines = (_alert(number, series, dice, start) for number in range(count))
    return "\n".join(json.dumps(line) for line in lines).encode()


def _alert(number: int, series: str, dice: random.Random, start: dt.datetime) -> dict[str, object]:
    rule = dice.randrange(RULES)
    return {
        "title": f"Rule {rule} fired on WS-{number % HOSTS}",
        # The series and the number make the fingerprint new: every alert is a row, not a repeat.
        "rule": {"id": f"{series}-{number}", "name": f"Rule {rule}"},
        "severity": dice.choice(["low", "low", "medium", "high", "critical"]),
        "timestamp": (start + dt.timedelta(milliseconds=number * 10)).isoformat(),
        "src_ip": f"198.51.100.{dice.randrange(1, 255)}",
        "dest_ip": f"10.{number % 7}.{number % 200}.{dice.randrange(1, 255)}",
        "host": {"name": f"WS-{number % HOSTS}"},
        "user": {"name": f"user{number % 90}"},
        "message": f"Process {dice.randrange(10_000)} opened a connection, attempt {number}",
    }
