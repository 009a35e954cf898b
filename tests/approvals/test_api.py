"""Actions over REST: what agents may send, what people decide, and what nobody gets past."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Agent, AlertSource, User
from accounts.services import issue_token, revoke_token
from approvals.models import Decision, PendingAction
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
Post = Callable[..., Any]
DAY = dt.timedelta(days=1)


@pytest.fixture
def token(agent: Agent) -> str:
    return issue_token(owner=agent, scopes=["actions:propose", "actions:read"], expires_in=DAY)[1]


@pytest.fixture
def post(client: Client, token: str, estate: None) -> Post:
    def send(body: Any, key: str = "", raw: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        data = raw if raw is not None else json.dumps(body)
        return client.post("/api/v1/actions", data=data, content_type="application/json", headers=headers)

    return send


def body(**more: Any) -> dict[str, Any]:
    return {
        "type": "isolate_host",
        "target": {"type": "host", "value": "ws-1031"},
        "reasoning": "Beacon to a known address every 60 s.",
        "confidence": 0.82,
        "evidence": [{"claim": "42 connections", "source": "proxy", "ref": "evt-1"}],
        "rollback_plan": "release_host",
        **more,
    }


def logged_in(user: User) -> Client:
    browser = Client()
    browser.get("/accounts/login/")
    answer = browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def test_a_proposal_answers_with_level_slots_digest_and_guardrails(post: Post) -> None:
    answer = post(body())
    made = answer.json()
    assert answer.status_code == 201
    assert made["status"] == "pending"
    assert made["approval_level"] == "recommended"
    assert made["slots"] == [{"role": "analyst", "filled_by": None}]
    assert made["target"] == {"type": "host", "value": "WS-1031"}
    assert len(made["digest"]) == 64
    assert [item["outcome"] for item in made["guardrails"]].count("refuse") == 0
    assert made["deadline_at"].endswith("Z")
    assert made["url"] == f"/actions/{made['id']}/"


def test_same_key_and_body_is_the_same_action_and_another_body_is_409(post: Post) -> None:
    first = post(body(), key="k1").json()
    again = post(body(), key="k1")
    other = post(body(reasoning="other"), key="k1")
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    assert other.status_code == 409
    assert PendingAction.objects.count() == 1


@pytest.mark.parametrize("extra", ["level", "approval_level", "role", "expires_at", "slots", "executor"])
def test_the_agent_names_neither_level_role_nor_expiry(post: Post, extra: str) -> None:
    answer = post(body(**{extra: "none"}))
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert PendingAction.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip", "010.0.0.1"),
        ("ip", "10.1"),
        ("ip", "0x0a.0.0.1"),
        ("ip", "1.2.3.4\n"),
        ("ip", " 1.2.3.4"),
        ("ip", "::ffff:1.2.3.4"),
        ("ip", "::ffff:102:304%eth0"),
        ("ip", "fe80::1%‮abc"),
        ("ip", "１.2.3.4"),
        ("ip", "1.2.3.4/24"),
    ],
)
def test_a_target_with_two_readings_is_refused_and_nothing_stored(post: Post, kind: str, value: str) -> None:
    answer = post(body(type="block_ip", target={"type": kind, "value": value}))
    assert answer.status_code == 422
    assert PendingAction.objects.count() == 0


@pytest.mark.parametrize(
    "value", ["srv-db-01‮", "SRV\u200bDB", "ѕrv-db-01", "srv-db-01\n", "srv db", "a..b", "-x", "\x1b[31mred"]
)
def test_a_host_that_is_not_plain_ascii_is_refused(post: Post, value: str) -> None:
    assert post(body(target={"type": "host", "value": value})).status_code == 422
    assert PendingAction.objects.count() == 0


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"isolate_host","type":"wipe_endpoint","target":{"type":"host","value":"WS-1031"}}',
        b'{"type":"isolate_host","confidence":1e400,"target":{"type":"host","value":"WS-1031"}}',
        b'{"type":"isolate_host","confidence":NaN,"target":{"type":"host","value":"WS-1031"}}',
        b'{"type":"isolate_host","reasoning":"\\u0000","target":{"type":"host","value":"WS-1031"}}',
        b'{"type":"isolate_host","reasoning":"\\ud800","target":{"type":"host","value":"WS-1031"}}',
        b'{"type":"isolate_host","reasoning":"\xff","target":{"type":"host","value":"WS-1031"}}',
        b'{"type":' + b"[" * 20_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"",
        b"null",
        b"[]",
        b'"text"',
    ],
    ids=["twice", "1e400", "nan", "nul", "surrogate", "utf8", "open", "deep", "empty", "null", "list", "text"],
)
def test_a_body_that_is_not_plain_json_is_a_clear_4xx(post: Post, raw: bytes) -> None:
    answer = post(None, raw=raw)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status", "detail", "errors"}
    assert PendingAction.objects.count() == 0


def test_a_body_over_five_mebibytes_is_413(post: Post) -> None:
    assert post(body(reasoning="x" * (6 * 1024 * 1024))).status_code == 413


@pytest.mark.parametrize(
    ("type_", "kind", "value", "guardrail"),
    [
        ("launch_rockets", "host", "WS-1031", "allowlist"),
        ("isolate_host", "host", "WS-9999", "canonical_target"),
        ("isolate_host", "host", "LAB-01", "canonical_target"),
        ("isolate_host", "host", "CTRL-01", "protected_target"),
        ("block_ip", "ip", "10.0.0.5", "protected_target"),
        ("block_ip", "ip", "8.8.8.8", "protected_target"),
        ("block_ip", "ip", "127.0.0.1", "protected_target"),
    ],
)
def test_what_a_guardrail_refuses_is_a_record_too(
    post: Post, type_: str, kind: str, value: str, guardrail: str
) -> None:
    answer = post(body(type=type_, target={"type": kind, "value": value}))
    made = answer.json()
    assert (answer.status_code, made["status"]) == (201, "refused")
    assert made["guardrails"][-1]["name"] == guardrail
    assert made["guardrails"][-1]["outcome"] == "refuse"


@pytest.mark.parametrize("value", ["192.0.2.9", "198.51.100.9", "203.0.113.9"])
def test_documentation_ranges_stand_for_outside_addresses(post: Post, value: str) -> None:
    made = post(body(type="block_ip", target={"type": "ip", "value": value})).json()
    assert (made["status"], made["approval_level"]) == ("pending", "optional")


def test_a_second_open_action_on_the_same_target_is_refused_as_a_duplicate(post: Post) -> None:
    assert post(body()).json()["status"] == "pending"
    assert post(body()).json()["guardrails"][-1]["name"] == "duplicate"


@pytest.mark.parametrize(
    ("type_", "kind", "value", "level"),
    [
        ("whois_lookup", "ip", "203.0.113.1", "none"),
        ("reputation_check", "domain", "evil.example", "none"),
        ("sandbox_lookup", "hash", "a" * 64, "none"),
        ("siem_search", "host", "WS-1031", "none"),
        ("block_ip", "ip", "203.0.113.1", "optional"),
        ("block_domain", "domain", "evil.example", "optional"),
        ("block_hash", "hash", "a" * 64, "optional"),
        ("disable_user", "user", "j.doe", "recommended"),
        ("reset_password", "user", "j.doe", "recommended"),
        ("quarantine_file", "file", "C:\\Users\\x\\a.exe", "recommended"),
        ("isolate_host", "host", "WS-1031", "recommended"),
        ("isolate_host", "host", "SRV-DB-01", "required"),
        ("isolate_host", "host", "SRV-WEB-01", "required"),
        ("collect_memory", "host", "WS-1031", "required"),
        ("collect_files", "host", "WS-1031", "required"),
        ("wipe_endpoint", "host", "WS-1031", "dual_required"),
        ("revoke_sessions", "user", "j.doe", "dual_required"),
    ],
)
def test_the_policy_gives_the_table_of_levels(post: Post, type_: str, kind: str, value: str, level: str) -> None:
    made = post(body(type=type_, target={"type": kind, "value": value})).json()
    assert made["status"] in ("pending", "approved")
    assert made["approval_level"] == level


def test_tokens_are_checked_for_existence_scope_and_revocation(
    client: Client, agent: Agent, source: AlertSource
) -> None:
    def status(text: str) -> int:
        return client.post(
            "/api/v1/actions", data=body(), content_type="application/json", headers={"Authorization": f"Bearer {text}"}
        ).status_code

    row, text = issue_token(owner=agent, scopes=["actions:propose"], expires_in=DAY)
    reader = issue_token(owner=agent, scopes=["actions:read"], expires_in=DAY)[1]
    expired = issue_token(owner=agent, scopes=["actions:propose"], expires_in=-DAY)[1]
    sender = issue_token(owner=source, scopes=["actions:propose"], expires_in=DAY)[1]
    assert [status("no"), status(expired), status(reader), status(sender)] == [401, 401, 403, 403]
    revoke_token(token=row, reason="leaked")
    assert status(text) == 401
    assert client.post("/api/v1/actions", data=body(), content_type="application/json").status_code == 401
    assert PendingAction.objects.count() == 0


def decide(browser: Client, action: dict[str, Any], **more: Any) -> Any:
    """Post a decision as the page's script would, with the CSRF check on."""
    return browser.post(
        f"/api/v1/actions/{action['id']}/decisions",
        data={"decision": "approve", "digest": action["digest"], "comment": "checked", **more},
        content_type="application/json",
    )


def test_the_decision_checks_answer_in_the_contracts_order(
    post: Post, analyst: User, senior: User, lead: User, outsider: User, manager: User, token: str
) -> None:
    made = post(body(type="wipe_endpoint")).json()
    url = f"/api/v1/actions/{made['id']}/decisions"
    by_token = Client().post(
        url,
        data={"decision": "approve", "digest": made["digest"]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert by_token.status_code == 403
    assert Client().post(url, data={}, content_type="application/json").status_code in (401, 403)
    assert decide(logged_in(outsider), made).status_code == 404
    assert decide(logged_in(manager), made).json()["code"] == "role"
    assert decide(logged_in(analyst), made).json()["code"] == "role"
    browser = logged_in(senior)
    assert decide(browser, made, digest="0" * 64).status_code == 409
    assert decide(browser, made).json()["code"] == "evidence_not_seen"
    assert Decision.objects.count() == 0
    browser.get(f"/actions/{made['id']}/")
    assert decide(browser, made, comment=" ").status_code == 422
    assert decide(browser, made, decision="reject").status_code == 422
    assert decide(browser, made).json()["slots"][0]["filled_by"] == str(senior.person_id)
    assert decide(browser, made).json()["code"] == "already_decided"
    second = logged_in(lead)
    seen = second.get(f"/api/v1/actions/{made['id']}").json()["decisions"][0]
    assert (seen["comment"], seen["hidden"]) == (None, True)
    second.get(f"/queue/{made['id']}/")
    assert decide(second, made).json()["status"] == "approved"


def test_a_session_without_the_csrf_token_changes_nothing(post: Post, analyst: User) -> None:
    made = post(body()).json()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(analyst)
    assert decide(browser, made).status_code == 403
    assert Decision.objects.count() == 0


def test_step_up_is_asked_where_the_log_in_is_old(post: Post, senior: User) -> None:
    made = post(body(type="collect_memory")).json()
    browser = Client()
    browser.force_login(senior)
    browser.get(f"/actions/{made['id']}/")
    assert decide(browser, made).json()["code"] == "step_up_required"
    assert Decision.objects.count() == 0


def test_an_agent_cancels_its_own_action_and_waits_for_status(client: Client, post: Post, token: str) -> None:
    made = post(body()).json()
    headers = {"Authorization": f"Bearer {token}"}
    cancelled = client.post(f"/api/v1/actions/{made['id']}/cancel", headers=headers)
    again = client.post(f"/api/v1/actions/{made['id']}/cancel", headers=headers)
    seen = client.get(f"/api/v1/actions/{made['id']}?wait=0.3", headers=headers).json()
    assert (cancelled.status_code, again.status_code, seen["status"]) == (200, 409, "cancelled")


def test_lists_are_keyset_paged_and_hide_other_teams(client: Client, post: Post, token: str, outsider: User) -> None:
    ids = [post(body(target={"type": "host", "value": f"WS-{number}"})).json()["id"] for number in range(1031, 1036)]
    headers = {"Authorization": f"Bearer {token}"}
    first = client.get("/api/v1/actions?limit=3", headers=headers).json()
    rest = client.get(f"/api/v1/actions?limit=3&cursor={first['next']}", headers=headers).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert client.get("/api/v1/actions?limit=0", headers=headers).status_code == 422
    assert client.get("/api/v1/actions?cursor=x", headers=headers).status_code == 422
    assert client.get("/api/v1/actions?status=nonsense", headers=headers).status_code == 422
    stranger = logged_in(outsider)
    assert stranger.get("/api/v1/actions").json()["items"] == []
    assert stranger.get(f"/api/v1/actions/{ids[0]}").status_code == 404


@pytest.mark.parametrize(
    "query", ["type=%00", "q=%00", "status=%00", "cursor=%00", "cursor=MjAyNi0wMS0wMVQwMDowMDowMHwx"]
)
def test_a_query_that_cannot_be_read_is_a_4xx(client: Client, post: Post, token: str, query: str) -> None:
    answer = client.get(f"/api/v1/actions?{query}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code < 500
    assert answer.status_code == 200 or answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("confidence", [2, -1, 10**400, 1.5, True, "0.5"])
def test_a_confidence_outside_0_to_1_is_refused(post: Post, confidence: Any) -> None:
    assert post(body(confidence=confidence)).status_code == 422
    assert PendingAction.objects.count() == 0


def test_the_proposing_agent_cannot_read_the_first_vote_of_an_open_dual_action(
    client: Client, post: Post, token: str, senior: User
) -> None:
    made = post(body(type="wipe_endpoint")).json()
    browser = logged_in(senior)
    browser.get(f"/actions/{made['id']}/")
    assert decide(browser, made, comment="SECRETWORDS").status_code == 200
    seen = client.get(f"/api/v1/actions/{made['id']}", headers={"Authorization": f"Bearer {token}"})
    assert b"SECRETWORDS" not in seen.content
    assert seen.json()["decisions"][0]["hidden"] is True
