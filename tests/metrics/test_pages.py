"""The pages and the API: who sees what, what refuses, what a spreadsheet gets."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, AlertSource, Scope, Team, User
from accounts.services import issue_token
from metrics.definitions import BY_KEY, DEFINITIONS
from tests.cast import person
from tests.factories.incidents import AlertFactory, AlertSourceFactory
from tests.metrics.conftest import TEN, Judge, MakeAlert

pytestmark = pytest.mark.django_db
DAY_QUERY = {"from": "2026-03-09", "to": "2026-03-09"}
NINE = [
    "mttt", "mttr", "automation_rate", "fp_reduction", "investigation_completeness", "override_rate", "mttd",
    "cost_per_incident", "agent_accuracy",
]  # fmt: skip


def page(client: Client, user: User, path: str = "/metrics/", **query: str) -> Any:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(path, query or DAY_QUERY)


@pytest.mark.parametrize("role", ["analyst", "senior", "lead", "manager", "auditor", "admin"])
def test_every_role_reads_the_page(role: str, request: pytest.FixtureRequest, client: Client, alert: MakeAlert) -> None:
    user = request.getfixturevalue(role)
    alert(triaged=250)
    text = page(client, user).content.decode()
    assert "4 min 10 s" in text
    assert "Not enough data" in text
    assert "style=" not in text
    assert all(item.name in text for item in DEFINITIONS)


def test_somebody_without_a_role_gets_403_and_no_figure(client: Client, team: Team, alert: MakeAlert) -> None:
    alert(triaged=250)
    nobody = person("nobody", team=team)
    for path in ("/metrics/", "/metrics/mttt/", "/metrics/mttt.csv"):
        response = page(client, nobody, path)
        assert response.status_code == 403
        assert "4 min 10 s" not in response.content.decode()
    assert client.get("/api/v1/metrics").status_code == 403


def test_somebody_who_is_not_logged_in_goes_to_the_log_in(client: Client) -> None:
    assert client.get("/metrics/").status_code == 302
    assert client.get("/api/v1/metrics").status_code == 401


def test_a_team_of_others_is_not_there(client: Client, analyst: User, other_team: Team) -> None:
    for named in (other_team.slug, str(other_team.id), "no-such"):
        assert page(client, analyst, team=named).status_code == 404
        assert client.get("/api/v1/metrics", {"team": named}).status_code == 404
    assert page(client, analyst, team="soc").status_code == 200


def test_the_outsider_sees_the_own_team_alone(client: Client, outsider: User, alert: MakeAlert) -> None:
    alert(title="Only for soc", triaged=250)
    response = page(client, outsider, "/metrics/mttt/")
    assert response.status_code == 200
    assert "Only for soc" not in response.content.decode()


def test_rows_behind_a_figure_link_to_their_objects_and_show_hostile_text_as_text(
    client: Client, manager: User, alert: MakeAlert
) -> None:
    made = alert(triaged=5, title="<script>alert(1)</script>\u202etxt")
    text = page(client, manager, "/metrics/mttt/").content.decode()
    assert f'href="/alerts/{made.id}/"' in text
    assert "<script>alert(1)" not in text
    assert "\u202e" not in text
    assert "U+202E" in text


@pytest.mark.parametrize("key", list(BY_KEY))
def test_every_metric_has_its_rows_and_its_file(key: str, client: Client, manager: User) -> None:
    assert page(client, manager, f"/metrics/{key}/").status_code == 200
    response = page(client, manager, f"/metrics/{key}.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert b"".join(response.streaming_content).count(b"\r\n") == 1


def test_a_metric_that_does_not_exist_is_404(client: Client, manager: User) -> None:
    assert page(client, manager, "/metrics/nothing/").status_code == 404
    assert page(client, manager, "/metrics/nothing.csv").status_code == 404


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_of_the_file_starts_a_formula(title: str, client: Client, manager: User, alert: MakeAlert) -> None:
    made = alert(triaged=5, title=title)
    response = page(client, manager, "/metrics/mttt.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [(row["object_id"], row["amount"], row["split"]) for row in rows] == [(str(made.id), "5", "automatic")]
    assert rows[0]["title"].startswith("'")


def test_the_file_holds_every_row_and_no_others(
    client: Client, manager: User, source: AlertSource, other_team: Team
) -> None:
    fields = {"received_at": TEN, "detected_at": TEN}
    mine = AlertFactory.create_batch(1203, source=source, **fields)
    AlertFactory.create(source=AlertSourceFactory.create(team=other_team), **fields)
    lines = b"".join(page(client, manager, "/metrics/mttt.csv").streaming_content).decode().splitlines()
    assert {row["object_id"] for row in csv.DictReader(lines)} == {str(item.id) for item in mine}
    assert len(lines) == 1204
    text = page(client, manager, "/metrics/mttt/", page="13", **DAY_QUERY).content.decode()
    assert text.count("data-row ") + text.count("data-row>") == 3


def test_a_period_that_cannot_be_taken_is_422_with_the_form(client: Client, manager: User) -> None:
    for query in (
        {"range": "custom", "from": "soon"},
        {"range": "forever"},
        {"from": "2026-03-09", "to": "2026-03-01"},
    ):
        for path in ("/metrics/", "/metrics/mttt/", "/metrics/mttt.csv"):
            assert page(client, manager, path, **query).status_code == 422
    response = client.get("/api/v1/metrics", {"from": "soon"})
    assert response.status_code == 422
    assert json.loads(response.content)["errors"][0]["field"] == "from"


def test_the_page_asks_the_database_few_questions(
    client: Client, manager: User, alert: MakeAlert, judge: Judge
) -> None:
    for number in range(25):
        judge(alert(triaged=number), "true_positive")
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    with CaptureQueriesContext(connection) as asked:
        client.get("/metrics/", DAY_QUERY)
    counting = [query["sql"] for query in asked if "GROUPING SETS" in query["sql"]]
    assert len(counting) == 8
    assert len(asked) <= 22


def test_the_api_gives_the_nine_first_with_value_n_definition_and_stamp(
    client: Client, manager: User, alert: MakeAlert, judge: Judge
) -> None:
    judge(alert(triaged=250), "false_positive", after=600)
    body = page(client, manager, "/api/v1/metrics").json()
    assert (body["from"], body["to"], body["teams"]) == ("2026-03-09T00:00:00Z", "2026-03-10T00:00:00Z", ["soc"])
    assert [item["key"] for item in body["metrics"]][:9] == NINE
    by_key = {item["key"]: item for item in body["metrics"]}
    assert (by_key["mttt"]["value"], by_key["mttt"]["n"], by_key["mttt"]["p50"]) == (250.0, 1, 250.0)
    assert by_key["mttt"]["target"] == {"direction": "below", "value": 300.0, "text": "under 5 min"}
    assert by_key["override_rate"]["value"] == 1.0
    assert by_key["agent_accuracy"]["confusion"]["classes"]["true_positive"]["precision"]["n"] == 1
    assert all(item["definition"] and item["as_of"] == body["as_of"] for item in body["metrics"])


def test_what_is_not_measured_has_no_value_and_says_why(
    client: Client, manager: User, alert: MakeAlert, judge: Judge
) -> None:
    judge(alert(triaged=1), "true_positive")
    by_key = {item["key"]: item for item in page(client, manager, "/api/v1/metrics").json()["metrics"]}
    for key in ("fp_reduction", "investigation_completeness", "mttd", "cost_per_incident"):
        assert (by_key[key]["value"], by_key[key]["n"]) == (None, 0)
        assert by_key[key]["reason"] == BY_KEY[key].missing
    assert by_key["mttd"]["coverage"].startswith("0 of 1 ")


def test_a_token_needs_the_scope_and_sees_its_team(
    client: Client, agent: Agent, alert: MakeAlert, other_team: Team
) -> None:
    alert(triaged=9)
    foreign = AlertFactory.create(source=AlertSourceFactory.create(team=other_team), received_at=TEN, detected_at=TEN)
    assert foreign.team_id != agent.team_id
    allowed = {"Authorization": f"Bearer {token_of(agent, Scope.METRICS_READ)}"}
    body = client.get("/api/v1/metrics", DAY_QUERY, headers=allowed).json()
    assert (body["metrics"][0]["n"], body["metrics"][0]["open"]) == (1, 0)
    refused = {"Authorization": f"Bearer {token_of(agent, Scope.ALERTS_READ)}"}
    assert client.get("/api/v1/metrics", DAY_QUERY, headers=refused).status_code == 403


def token_of(agent: Agent, scope: Scope) -> str:
    return issue_token(owner=agent, scopes=[scope], expires_in=dt.timedelta(hours=1))[1]
