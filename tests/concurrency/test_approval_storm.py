"""F1 and F2: racing approvals over HTTP, on real sockets, sessions and connections."""

import contextlib
import os
import statistics
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import httpx2
import pytest
from django.db import connection

from accounts.models import Agent, Role, Team, User
from approvals.errors import TooMany
from approvals.models import Attempt, Decision, PendingAction, SlotAssignment
from approvals.services.execute import execute
from integrations.models import EstateEffect, EstateHost
from tests.cast import PASSWORD, person
from tests.proposals import Propose, vote
from tests.servers import web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
#: The long form of the figure: COUNTERSIGN_STORM_ROUNDS=20.
ROUNDS = int(os.environ.get("COUNTERSIGN_STORM_ROUNDS", "1"))
CALLS_EACH = 20


class Browser:
    """One person's session over HTTP."""

    def __init__(self, origin: str, user: User) -> None:
        self.http = httpx2.Client(base_url=origin, timeout=60, headers={"Origin": origin, "Referer": origin})
        self.http.get("/accounts/login/")
        answer = self.http.post(
            "/accounts/login/",
            data={
                "login": user.username,
                "password": PASSWORD,
                "csrfmiddlewaretoken": self.http.cookies["csrftoken"],
            },
        )
        assert answer.status_code == 302, answer.text[:500]

    def close(self) -> None:
        """End the connections."""
        self.http.close()

    def open(self, action_id: uuid.UUID) -> None:
        """Read the evidence."""
        assert self.http.get(f"/actions/{action_id}/").status_code == 200

    def approve(self, action: PendingAction) -> tuple[int, float]:
        """Approve; return the status and the seconds it took."""
        began = time.perf_counter()
        answer = self.http.post(
            f"/api/v1/actions/{action.id}/decisions",
            json={"decision": "approve", "digest": action.digest, "comment": "storm"},
            headers={"X-CSRFToken": self.http.cookies["csrftoken"]},
        )
        return answer.status_code, time.perf_counter() - began


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0..count-1)` at once, each with a database connection of its own; return the results."""
    barrier = threading.Barrier(count)

    def run(index: int) -> Any:
        barrier.wait()
        try:
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_thousand_racing_approvals_execute_one_dual_action_once(
    round_: int, team: Team, agent: Agent, proposed: Propose, service_env: dict[str, str]
) -> None:
    people = [person(f"senior{n}", Role.SENIOR_ANALYST, team=team) for n in range(25)]
    people += [person(f"lead{n}", Role.SOC_LEAD, team=team) for n in range(25)]
    action = proposed("wipe_endpoint", "host", "WS-1032")
    with web_server(service_env) as server, contextlib.ExitStack() as stack:
        browsers = [stack.enter_context(contextlib.closing(Browser(server.origin, user))) for user in people]
        for browser in browsers:
            browser.open(action.id)
        answers = list(chain(*in_threads(50, lambda n: [browsers[n].approve(action) for _ in range(CALLS_EACH)])))
    statuses = Counter(status for status, _ in answers)
    times = sorted(seconds * 1000 for _, seconds in answers)
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"\nstorm {round_}: {dict(statuses)} p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    in_threads(8, lambda _: execute(action_id=action.id))
    votes = Decision.objects.filter(action=action)
    assert sum(statuses.values()) == 1000
    assert max(statuses) < 500
    assert votes.count() == 2
    assert votes.values("person_id").distinct().count() == 2
    assert SlotAssignment.objects.filter(decision__in=votes).values("slot").distinct().count() == 2
    assert PendingAction.objects.get(pk=action.pk).status == "executed"
    assert Attempt.objects.filter(action=action).count() == 1
    assert EstateEffect.objects.filter(key=str(action.id)).count() == 1


def test_two_hundred_votes_of_one_person_are_one_row(
    lead: User, proposed: Propose, service_env: dict[str, str]
) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    with web_server(service_env) as server, contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(contextlib.closing(Browser(server.origin, lead))) for _ in range(4)]
        sessions[0].open(action.id)
        answers = list(chain(*in_threads(20, lambda n: [sessions[n % 4].approve(action) for _ in range(10)])))
    statuses = Counter(status for status, _ in answers)
    assert statuses == {200: 1, 403: 199}
    assert Decision.objects.filter(action=action).count() == 1
    assert PendingAction.objects.get(pk=action.pk).status == "pending"


def test_the_cap_holds_under_forty_concurrent_claims(
    team: Team, analyst: User, agent: Agent, proposed: Propose
) -> None:
    EstateHost.objects.bulk_create(
        EstateHost(team=team, name=f"PC-{n:03}", asset_class="workstation") for n in range(40)
    )
    actions = [proposed("isolate_host", "host", f"PC-{n:03}") for n in range(40)]
    for action in actions:
        vote(analyst, action)
    outcomes = Counter(in_threads(40, lambda n: execute(action_id=actions[n].id).split(":")[0]))
    assert outcomes == {"executed": 5, "held back": 35}
    assert EstateHost.objects.filter(name__startswith="PC-", is_isolated=True).count() == 5


def test_an_agents_budget_and_a_types_hour_hold_under_concurrent_proposals(
    agent: Agent, proposed: Propose, settings: Any
) -> None:
    settings.AGENT_OPEN_ACTIONS = 5

    def attempt(number: int) -> str:
        try:
            return proposed("block_ip", "ip", f"203.0.113.{number + 1}").status
        except TooMany:
            return "too many"

    assert Counter(in_threads(20, attempt)) == {"pending": 5, "too many": 15}
    assert PendingAction.objects.count() == 5
