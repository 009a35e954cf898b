"""The heartbeat and the agents' page."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, Scope, Team, User
from accounts.services import create_agent, issue_token
from agents.services.triage_batch import triage_batch
from audit.models import Entry
from incidents.models import Alert, IngestBatch
from tests.agents.conftest import judge


def token_for(agent: Agent, *scopes: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(owner=agent, scopes=scopes, expires_in=dt.timedelta(days=1))[1]}"}


def beat(client: Client, name: str, headers: dict[str, str], body: object = None) -> Any:
    return client.post(
        f"/api/v1/agents/{name}/heartbeat", data=body or {}, content_type="application/json", headers=headers
    )


def status_changes() -> int:
    return Entry.objects.filter(action="agents.agent.status_changed").count()


pytestmark = pytest.mark.django_db(transaction=True)


def test_heartbeat_is_noted_and_only_a_changed_status_is_audited(client: Client, agent: Agent) -> None:
    headers = token_for(agent, Scope.AGENTS_HEARTBEAT)
    for _ in range(3):
        answer = beat(client, agent.name, headers, {"status": "idle", "version": "1.4"})
        assert answer.status_code == 200
    assert answer.json()["name"] == agent.name
    agent.refresh_from_db()
    assert (agent.heartbeat_status, agent.version) == ("idle", "1.4")
    assert agent.last_heartbeat_at is not None
    assert status_changes() == 1
    beat(client, agent.name, headers, {"status": "busy"})
    assert status_changes() == 2


def test_token_beats_for_its_own_agent_alone(client: Client, agent: Agent, team: Team) -> None:
    other = create_agent(name="other", team=team)
    answer = beat(client, other.name, token_for(agent, Scope.AGENTS_HEARTBEAT), {"status": "idle"})
    assert answer.status_code == 403
    other.refresh_from_db()
    assert other.last_heartbeat_at is None
    assert status_changes() == 0


@pytest.mark.parametrize(
    ("body", "scope", "status"),
    [
        ({"status": "idle", "mood": "good"}, Scope.AGENTS_HEARTBEAT, 422),
        ({"status": "x" * 33}, Scope.AGENTS_HEARTBEAT, 422),
        ({"status": "\u202eeldi"}, Scope.AGENTS_HEARTBEAT, 422),
        ({"status": "idle"}, Scope.ACTIONS_READ, 403),
    ],
)
def test_wrong_heartbeats_store_nothing(
    client: Client, agent: Agent, body: dict[str, str], scope: Scope, status: int
) -> None:
    assert beat(client, agent.name, token_for(agent, scope), body).status_code == status
    agent.refresh_from_db()
    assert agent.last_heartbeat_at is None


def test_heartbeat_without_token_is_refused(client: Client, agent: Agent) -> None:
    assert beat(client, agent.name, {}).status_code == 401


def test_page_shows_the_teams_agents_and_what_the_engine_learnt(
    client: Client, analyst: User, agent: Agent, other_team: Team, batch: IngestBatch, alert_in: Callable[..., Alert]
) -> None:
    create_agent(name="foreign", team=other_team, label="Foreign agent")
    Agent.objects.filter(pk=agent.pk).update(
        last_heartbeat_at=timezone.now() - dt.timedelta(hours=1), heartbeat_status="<b>idle</b>"
    )
    alert = alert_in(batch)
    triage_batch(batch_id=batch.id)
    judge(analyst, alert.id, "false_positive")
    client.force_login(analyst)
    page = client.get("/agents/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "embedded-v1 (rules + statistics)" in text
    assert "Silent" in text
    assert "Foreign agent" not in text
    assert "<b>idle</b>" not in text
    assert page.context["engine"].verdicts == 1
    assert page.context["engine"].feedback == 1


def test_page_asks_strangers_to_log_in(client: Client) -> None:
    assert client.get("/agents/").status_code == 302
