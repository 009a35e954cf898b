"""The REST of alerts as a source, an agent and a person meet it; hostile bodies among them."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Agent, AlertSource, Scope, User
from accounts.services import issue_token
from audit.models import Entry
from incidents.models import Alert, IngestBatch
from tests.factories.incidents import AlertFactory, TriageVerdictFactory
from tests.incidents.conftest import beacon, deliver

pytestmark = pytest.mark.django_db
URL = "/api/v1/alerts"


def bearer(owner: Agent | AlertSource, *scopes: str) -> dict[str, str]:
    _, text = issue_token(owner=owner, scopes=scopes, expires_in=dt.timedelta(days=1))
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def headers(source: AlertSource) -> dict[str, str]:
    return bearer(source, Scope.ALERTS_WRITE)


def post(
    client: Client, body: bytes | str, headers: dict[str, str], kind: str = "application/json", query: str = ""
) -> Any:
    return client.post(URL + query, data=body, content_type=kind, headers=headers)


def test_one_object_is_committed_with_202_and_its_id(client: Client, headers: dict[str, str]) -> None:
    response = post(client, json.dumps(beacon()), headers)
    assert response.status_code == 202
    assert response.json() == {
        "created": 1,
        "duplicates": 0,
        "rejected": [],
        "ids": [str(Alert.objects.get().id)],
    }


def test_a_repeat_answers_with_the_alert_whose_count_it_raised(client: Client, headers: dict[str, str]) -> None:
    first = post(client, json.dumps(beacon()), headers).json()
    again = post(client, json.dumps(beacon()), headers).json()
    assert (again["created"], again["duplicates"]) == (0, 1)
    assert again["ids"] == first["ids"]


def test_a_bare_string_is_a_log_line(client: Client, headers: dict[str, str]) -> None:
    line = "CEF:0|Vendor|Gate|1.0|100|Worm stopped|10|src=10.0.0.1 dst=2.1.2.2 spt=1232 rt=1772625600000"
    assert post(client, json.dumps(line), headers).status_code == 202
    alert = Alert.objects.get()
    assert (alert.format, alert.title, alert.severity) == ("cef", "Worm stopped", "critical")
    assert set(alert.alert_entities.values_list("entity__value", "role")) == {
        ("10.0.0.1", "source"),
        ("2.1.2.2", "destination"),
    }


def test_ndjson_without_one_good_line_is_refused_as_a_whole(client: Client, headers: dict[str, str]) -> None:
    response = post(client, b"{bad\n7\n", headers, "application/x-ndjson")
    assert response.status_code == 422
    assert [item["index"] for item in response.json()["errors"]] == [0, 1]
    assert not IngestBatch.objects.exists()


def test_an_empty_array_commits_nothing_and_says_so(client: Client, headers: dict[str, str]) -> None:
    response = post(client, b"[]", headers)
    assert (response.status_code, response.json()["ids"]) == (202, [])
    assert not IngestBatch.objects.exists()


def test_a_bad_ndjson_line_is_named_and_its_neighbours_are_stored(client: Client, headers: dict[str, str]) -> None:
    body = b"\n".join(
        [json.dumps(beacon("a-1")).encode(), b"{bad", b"\xff\xfe", b"", json.dumps(beacon("b-1")).encode()]
    )
    response = post(client, body, headers, "application/x-ndjson")
    assert response.status_code == 202
    assert [item["index"] for item in response.json()["rejected"]] == [1, 2]
    assert Alert.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[{},", 400),
        (b'[{"a":1},{"b":]', 400),
        (b'{"title":NaN}', 400),
        (b'{"title":"\xff\xfe"}', 400),
        (b"7", 422),
        (b"null", 422),
        (b'"  "', 422),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 422),
        (b"[" * 20_000 + b"]" * 20_000, 422),
        (json.dumps({"title": "x" * 300_000}).encode(), 413),
        (b'{"title":"' + b"x" * (20 * 1024 * 1024) + b'"}', 413),
    ],
    ids=[
        "empty",
        "cut",
        "cut array",
        "bad member",
        "NaN",
        "not UTF-8",
        "number",
        "null",
        "blank",
        "20,000 objects deep",
        "20,000 arrays deep",
        "one alert too large",
        "20 MB",
    ],
)
def test_a_hostile_body_gets_its_4xx_and_nothing_is_stored(
    client: Client, headers: dict[str, str], body: bytes, status: int
) -> None:
    entries = Entry.objects.count()
    response = post(client, body, headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Alert.objects.exists()
    assert not IngestBatch.objects.exists()
    assert Entry.objects.count() == entries


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "nested deeper"),
        (json.dumps({"title": "x" * 300_000}).encode(), "bytes"),
        (b"7", "JSON object"),
    ],
    ids=["deep", "large", "number"],
)
def test_a_bad_member_of_an_array_leaves_its_neighbours_alone(
    client: Client, headers: dict[str, str], bad: bytes, words: str
) -> None:
    body = b"[" + json.dumps(beacon("a-1")).encode() + b"," + bad + b"," + json.dumps(beacon("b-1")).encode() + b"]"
    answer = post(client, body, headers).json()
    assert answer["created"] == 2
    assert [item["index"] for item in answer["rejected"]] == [1]
    assert words in answer["rejected"][0]["error"]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b'{"title":"T","score":1e400}', "too large"),
        (b'{"title":"T","score":' + b"9" * 5000 + b"}", "too large"),
        (b'{"title":"T\\u0000"}', "NUL"),
        (b'{"title":"T\\ud800"}', "surrogate"),
        (b'{"title":"S","title":"T"}', "more than once"),
        (b'{"title":"T","a":{"b":1,"b":2}}', "more than once"),
    ],
)
def test_what_no_table_can_hold_is_repaired_and_the_alert_says_so(
    client: Client, headers: dict[str, str], body: bytes, note: str
) -> None:
    alert_id = post(client, body, headers).json()["ids"][0]
    alert = Alert.objects.get(id=alert_id)
    assert alert.title.startswith("T")
    assert note in alert.notes[0]
    assert alert.payloads.get().raw == body.decode()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "{{ 7*7 }}{% debug %}",
        "'; DROP TABLE incidents_alert; --",
        "\u202egnp.exe\u202c\u200b\ufeff",
        "=cmd|'/C calc'!A0",
        "a" * 5000,
        "💥" * 600,
        "%s%n%x",
        "../../etc/passwd",
        "\r\nSet-Cookie: x=1",
    ],
)
def test_hostile_text_in_every_field_is_stored_as_text(
    client: Client, headers: dict[str, str], source: AlertSource, text: str
) -> None:
    fields = (
        "title",
        "rule_id",
        "description",
        "id",
        "host",
        "user",
        "src_ip",
        "url",
        "sha256",
        "severity",
        "timestamp",
    )
    body = json.dumps(dict.fromkeys(fields, text) | {text: text, "tags": [text]})
    response = post(client, body, headers)
    assert response.status_code == 202
    reader = bearer(source, Scope.ALERTS_READ)
    shown = client.get(f"{URL}/{response.json()['ids'][0]}", headers=reader)
    assert shown.status_code == 200
    assert shown.json()["raw"]["description"] == text


def test_without_a_token_nothing_is_stored(client: Client) -> None:
    assert post(client, json.dumps(beacon()), {}).status_code == 401
    assert not Alert.objects.exists()


def test_a_token_without_the_scope_is_refused(client: Client, source: AlertSource) -> None:
    response = post(client, json.dumps(beacon()), bearer(source, Scope.ALERTS_READ))
    assert response.status_code == 403
    assert not Alert.objects.exists()


def test_a_session_delivers_nothing(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    assert post(client, json.dumps(beacon()), {}).status_code == 401


def test_a_source_delivers_under_no_other_name(client: Client, headers: dict[str, str]) -> None:
    response = post(client, json.dumps(beacon()), headers, query="?source=other")
    assert response.status_code == 403
    assert not Alert.objects.exists()


def test_an_agent_must_name_a_source_of_its_team(client: Client, agent: Agent, source: AlertSource) -> None:
    headers = bearer(agent, Scope.ALERTS_WRITE)
    assert post(client, json.dumps(beacon()), headers).status_code == 422
    assert post(client, json.dumps(beacon()), headers, query="?source=nobody").status_code == 422
    assert not Alert.objects.exists()
    assert post(client, json.dumps(beacon()), headers, query=f"?source={source.name}").status_code == 202
    assert Alert.objects.get().source == source


def test_an_unknown_media_type_is_415(client: Client, headers: dict[str, str]) -> None:
    assert post(client, b"<alert/>", headers, "text/xml").status_code == 415


def test_an_unknown_format_is_read_all_the_same_and_said(client: Client, headers: dict[str, str]) -> None:
    assert post(client, json.dumps(beacon()), headers, query="?format=nosuch").status_code == 202
    alert = Alert.objects.get()
    assert alert.format == "generic"
    assert "'nosuch'" in alert.notes[0]


def test_one_alert_has_every_field_of_the_contract(client: Client, source: AlertSource) -> None:
    alert_id = deliver(source, {**beacon(user="CORP\\mia"), "severity": "high", "tags": ["attack.t1059.001"]}).ids[0]
    TriageVerdictFactory.create(alert=Alert.objects.get(id=alert_id), confidence=0.93)
    answer = client.get(f"{URL}/{alert_id}", headers=bearer(source, Scope.ALERTS_READ)).json()
    assert answer["triage"] == {
        "state": "done",
        "verdict": "true_positive",
        "severity": "high",
        "confidence": 0.93,
        "techniques": [],
        "reasoning": "The rule has been right 9 times of 10 [1].",
        "evidence": [{"claim": "Rule prior 0.9", "source": "verdicts", "ref": "rule", "weight": 2.2}],
        "recommended_actions": [],
        "enrichment_needed": [],
        "engine": "embedded-v1",
        "triaged_at": "2026-03-04T12:00:00Z",
    }
    assert answer["detection"] == {"id": "r-1", "name": ""}
    assert answer["techniques"] == ["T1059.001"]
    assert answer["entities"] == [
        {"type": "host", "value": "WS-1001", "role": "target"},
        {"type": "user", "value": "CORP\\mia", "role": "actor"},
    ]
    assert answer["detected_at"] == "2026-03-04T12:00:00Z"
    assert answer["raw"]["title"] == "Beacon"
    assert {
        "source",
        "format",
        "external_id",
        "severity_score",
        "occurred_at",
        "received_at",
        "count",
        "status",
    } <= set(answer)
    assert answer["incident"] is None


def test_a_list_carries_no_payload_and_pages_by_cursor(client: Client, source: AlertSource) -> None:
    deliver(source, *[beacon(f"ws-{n}") for n in range(5)])
    headers = bearer(source, Scope.ALERTS_READ)
    first = client.get(URL, {"limit": 3}, headers=headers).json()
    second = client.get(URL, {"limit": 3, "cursor": first["next"]}, headers=headers).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 2, None]
    hosts = [item["entities"][0]["value"] for item in (*first["items"], *second["items"])]
    assert hosts == ["ws-4", "ws-3", "ws-2", "ws-1", "ws-0"]
    assert "raw" not in first["items"][0]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("severity:high", 1),
        ("severity:high,low", 1),
        ("-severity:high", 1),
        ("technique:T1059", 1),
        ("technique:t1059.001", 1),
        ("technique:T1190", 0),
        ("entity:ws-1001", 1),
        ("entity:WS-1001", 1),
        ("verdict:none", 2),
        ("verdict:suspicious", 0),
        ("format:generic status:new", 2),
        ('"special words"', 1),
        ("SPECIAL", 1),
        ("nothing-like-this", 0),
        ("http://a.example/", 0),
    ],
)
def test_q_narrows_the_list(client: Client, source: AlertSource, q: str, found: int) -> None:
    deliver(
        source, {**beacon(), "severity": "high", "tags": ["T1059.001"], "description": "special words"}, beacon("x-1")
    )
    answer = client.get(URL, {"q": q}, headers=bearer(source, Scope.ALERTS_READ))
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == found


@pytest.mark.parametrize("token", ["colour:red", "severity:worst", "technique:X1", "verdict:maybe", "status:open"])
def test_a_token_that_means_nothing_is_named(client: Client, source: AlertSource, token: str) -> None:
    answer = client.get(URL, {"q": f"words {token}"}, headers=bearer(source, Scope.ALERTS_READ))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["token"] == token


def test_people_of_another_team_see_nothing(client: Client, outsider: User) -> None:
    alert = AlertFactory.create()
    client.force_login(outsider)
    assert client.get(URL).json() == {"items": [], "next": None}
    assert client.get(f"{URL}/{alert.id}").status_code == 404


def test_a_person_reads_by_session(client: Client, analyst: User) -> None:
    alert = AlertFactory.create()
    client.force_login(analyst)
    assert client.get(f"{URL}/{alert.id}").json()["id"] == str(alert.id)
