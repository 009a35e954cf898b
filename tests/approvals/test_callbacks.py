"""Callbacks: what an agent is told of, signed, at least once, and never from a move that did not happen."""

import base64
import contextlib
import datetime as dt
import functools
import hashlib
import hmac
import json
import re
import signal
import subprocess
import sys
import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from accounts.models import Agent, AgentWebhookSecret, Scope, User
from accounts.services import issue_token
from accounts.webhook_secrets import rotate, show, signing_keys
from accounts.webhook_signature import written
from approvals import callback_couriers
from approvals.models import CallbackDelivery, CallbackState, PendingAction
from approvals.services.callbacks import Outcome, claim_next, deliver_due, finish
from approvals.services.cancel import cancel
from approvals.services.execute import claim_action, execute
from approvals.services.execute import finish as end_execution
from approvals.services.expire import expire_due
from approvals.services.reconcile import settle
from audit.models import Entry
from integrations.addresses import Allowance, allowance
from integrations.base import CallResult, Ending
from integrations.http import send
from tests.approvals.test_deadlines import age
from tests.proposals import Propose, vote
from tests.receivers import Received, Receiver, dripping, receiving, speaking

GUIDE = Path(django_settings.BASE_DIR) / "docs" / "api.md"
PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SEND = "import django; django.setup(); from approvals.services.callbacks import deliver_due; deliver_due()"


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.CALLBACK_ALLOW = allowance("TEST", ["127.0.0.1"])


def signed_by(key: bytes, request: Received) -> bool:
    """Verify as a receiver would, with nothing of ours."""
    signed = b".".join(
        [request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body]
    )
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return f"v1,{expected}" in request.headers["webhook-signature"].split(" ")


def make_due() -> None:
    """Let time pass: what waits for its next attempt is due, and leases are over."""
    CallbackDelivery.objects.filter(state="pending").update(next_attempt_at=PAST)
    CallbackDelivery.objects.filter(state="pending", lease_until__isnull=False).update(lease_until=PAST)


def only() -> CallbackDelivery:
    return CallbackDelivery.objects.get()


def rejected(proposed: Propose, analyst: User, url: str) -> PendingAction:
    action = proposed(callback_url=url)
    vote(analyst, action, "reject", reason_code="wrong_target")
    action.refresh_from_db()
    return action


def bearer(agent: Agent) -> dict[str, str]:
    scopes = [Scope.ACTIONS_PROPOSE, Scope.ACTIONS_READ]
    _, text = issue_token(owner=agent, scopes=scopes, expires_in=dt.timedelta(days=1))
    return {"Authorization": f"Bearer {text}"}


# --- what is told -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_decision_and_its_execution_are_told_in_order(analyst: User, proposed: Propose, agent: Agent) -> None:
    with receiving(Receiver()) as receiver:
        action = proposed(callback_url=receiver.url)
        assert not CallbackDelivery.objects.exists()
        vote(analyst, action)
        execute(action_id=action.id)
        assert deliver_due() == 2
    bodies = [json.loads(request.body) for request in receiver.requests]
    assert [body["type"] for body in bodies] == ["action.approved", "action.executed"]
    assert [body["data"]["status"] for body in bodies] == ["approved", "executed"]
    assert bodies[0]["data"]["id"] == str(action.id)
    assert bodies[0]["data"]["decisions"][0]["comment"] == "checked"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", bodies[0]["timestamp"])
    assert [row.state for row in CallbackDelivery.objects.all()] == ["delivered", "delivered"]


@pytest.mark.django_db
def test_the_body_is_what_the_agent_reads_itself(
    client: Client, analyst: User, agent: Agent, proposed: Propose
) -> None:
    with receiving(Receiver()) as receiver:
        action = rejected(proposed, analyst, receiver.url)
        deliver_due()
    told = json.loads(receiver.requests[0].body)["data"]
    read = client.get(f"/api/v1/actions/{action.id}", headers=bearer(agent)).json()
    assert told.pop("callback") == {"url": receiver.url, "deliveries": []}
    delivery = only()
    (shown,) = read.pop("callback")["deliveries"]
    assert told == read
    assert shown.pop("at").endswith("Z")
    assert shown == {
        "webhook_id": delivery.webhook_id,
        "event": "action.rejected",
        "state": "delivered",
        "attempts": 1,
        "last_status": 204,
        "last_error": None,
        "next_attempt_at": None,
    }


@pytest.mark.django_db(transaction=True)
def test_cancelling_and_expiry_are_told(agent: Agent, proposed: Propose, owner_connection: psycopg.Connection) -> None:
    taken_back = proposed(callback_url="http://127.0.0.1:9999/")
    cancel(agent=agent, action_id=taken_back.id)
    late = proposed(value="WS-1032", callback_url="http://127.0.0.1:9999/")
    age(owner_connection, late, "expires_at", dt.timedelta(hours=25))
    assert expire_due() == 1
    assert list(CallbackDelivery.objects.values_list("event", flat=True)) == ["action.cancelled", "action.expired"]


@pytest.mark.django_db
def test_an_unknown_outcome_and_its_settlement_are_told(senior: User, analyst: User, proposed: Propose) -> None:
    action = proposed(callback_url="http://127.0.0.1:9999/")
    vote(analyst, action)
    claim = claim_action(action_id=action.id)
    assert not isinstance(claim, str)
    end_execution(action_id=action.id, fence=claim.fence, result=CallResult(Ending.AMBIGUOUS, "no answer", {}))
    settle(user=senior, action_id=action.id, happened=True, evidence="seen on the console")
    events = list(CallbackDelivery.objects.values_list("event", flat=True))
    assert events == ["action.approved", "action.unknown", "action.executed"]


@pytest.mark.django_db
def test_a_first_vote_of_two_a_vote_without_url_and_a_refusal_tell_nothing(
    analyst: User, senior: User, proposed: Propose
) -> None:
    vote(senior, proposed("wipe_endpoint", callback_url="http://127.0.0.1:9999/"))
    vote(analyst, proposed(value="WS-1033"))
    refused = proposed(value="CTRL-01", callback_url="http://127.0.0.1:9999/")
    assert refused.status == "refused"
    assert not CallbackDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_move_that_is_rolled_back_tells_nothing(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver()) as receiver:
        action = proposed(callback_url=receiver.url)

        class Undone(Exception):
            pass

        with contextlib.suppress(Undone), transaction.atomic():
            vote(analyst, action)
            assert CallbackDelivery.objects.count() == 1
            raise Undone
        action.refresh_from_db()
        assert action.status == "pending"
        assert deliver_due() == 0
    assert receiver.requests == []
    assert not CallbackDelivery.objects.exists()


# --- signatures ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_raw_bytes_are_signed_and_the_time_is_the_attempts(analyst: User, agent: Agent, proposed: Propose) -> None:
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        deliver_due()
    (request,) = receiver.requests
    (key,) = signing_keys(agent=agent)
    assert len(key) == 32
    assert signed_by(key, request)
    assert request.headers["webhook-id"] == only().webhook_id
    assert abs(time.time() - int(request.headers["webhook-timestamp"])) < 300
    assert request.headers["content-type"] == "application/json"
    changed = Received(request.path, request.headers, request.body.replace(b"rejected", b"approved"))
    replayed = Received(request.path, {**request.headers, "webhook-timestamp": "1"}, request.body)
    assert not signed_by(key, changed)
    assert not signed_by(key, replayed)
    assert not signed_by(b"x" * 32, request)


@pytest.mark.django_db
def test_the_guides_eight_lines_verify_what_is_sent_and_nothing_else(
    analyst: User, agent: Agent, proposed: Propose
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?def verified.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    guide: dict[str, Any] = {}
    exec(compile(snippet, "docs/api.md", "exec"), guide)  # noqa: S102 - our own guide
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        deliver_due()
    (request,) = receiver.requests
    secret = written(show(agent=agent))
    assert guide["verified"](secret, request.headers, request.body)
    assert not guide["verified"](secret, request.headers, request.body + b" ")
    assert not guide["verified"](written(b"y" * 32), request.headers, request.body)
    old = {**request.headers, "webhook-timestamp": str(int(time.time()) - 301)}
    assert not guide["verified"](secret, old, request.body)


@pytest.mark.django_db
def test_after_a_rotation_both_secrets_sign_and_after_another_the_oldest_does_not(
    analyst: User, agent: Agent, proposed: Propose
) -> None:
    first, second = show(agent=agent), rotate(agent=agent)
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        deliver_due()
        third = rotate(agent=agent)
        vote(analyst, proposed(value="WS-1034", callback_url=receiver.url), "reject", reason_code="other")
        deliver_due()
    before, after = receiver.requests
    assert [signed_by(key, before) for key in (first, second)] == [True, True]
    assert [signed_by(key, after) for key in (first, second, third)] == [False, True, True]


@pytest.mark.django_db
def test_the_secret_is_stored_encrypted_and_its_showing_is_on_record(agent: Agent) -> None:
    key = show(agent=agent)
    (row,) = AgentWebhookSecret.objects.all()
    assert base64.b64encode(key).decode() not in row.ciphertext
    assert key not in base64.urlsafe_b64decode(row.ciphertext)
    names = list(
        Entry.objects.filter(action__contains="webhook_secret").order_by("seq").values_list("action", flat=True)
    )
    assert names == ["accounts.webhook_secret.created", "accounts.webhook_secret.shown"]


def printed(*words: str) -> str:
    out = StringIO()
    call_command("token", *words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_prints_the_secret_alone_and_rotates_on_demand(agent: Agent) -> None:
    first = printed("webhook-secret", agent.name)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", first)
    assert printed("webhook-secret", agent.name) == first
    second = printed("webhook-secret", agent.name, "--rotate")
    assert second != first
    assert printed("webhook-secret", agent.name) == second
    with pytest.raises(CommandError, match="no agent"):
        printed("webhook-secret", "nobody")
    assert AgentWebhookSecret.objects.count() == 2


@pytest.mark.django_db
def test_another_secret_key_sends_nothing_and_a_former_one_is_still_read(
    analyst: User, agent: Agent, proposed: Propose, settings: Any
) -> None:
    key = show(agent=agent)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-" * 5
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        assert deliver_due() == 0
        delivery = only()
        assert (receiver.requests, delivery.state, delivery.attempts) == ([], "pending", 1)
        assert "COUNTERSIGN_SECRET_KEY" in delivery.last_error
        settings.SECRET_KEY_FALLBACKS = [former]
        make_due()
        deliver_due()
    assert signed_by(key, receiver.requests[0])


# --- deliveries that fail -----------------------------------------------------------------------


@pytest.mark.django_db
def test_two_failures_then_success_is_one_delivery_under_one_id(analyst: User, agent: Agent, proposed: Propose) -> None:
    with receiving(Receiver([500, 503, 200])) as receiver:
        rejected(proposed, analyst, receiver.url)
        waits = []
        for _ in range(3):
            assert deliver_due() == 1
            delivery = only()
            assert delivery.last_attempt_at is not None
            waits.append(round((delivery.next_attempt_at - delivery.last_attempt_at).total_seconds()))
            assert deliver_due() == 0  # not before its time
            if delivery.state == "pending":
                make_due()
    assert (delivery.state, delivery.attempts, delivery.last_status, delivery.last_error) == ("delivered", 3, 200, "")
    assert waits[:2] == [5, 30]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1
    (key,) = signing_keys(agent=agent)
    assert all(signed_by(key, request) for request in receiver.requests)


@pytest.mark.django_db
def test_it_is_given_up_after_six_attempts_and_that_is_on_record(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver([500])) as receiver:
        action = rejected(proposed, analyst, receiver.url)
        for _ in range(9):
            deliver_due()
            make_due()
    delivery = only()
    assert (delivery.state, delivery.attempts, len(receiver.requests)) == ("failed", 6, 6)
    entry = Entry.objects.get(action="approvals.callback.failed")
    assert (entry.object_id, entry.body["reason"]) == (str(action.id), "The receiver answered 500.")


@pytest.mark.django_db
def test_gone_stops_at_once_and_later_events_are_not_sent_either(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver([410])) as receiver:
        action = proposed(callback_url=receiver.url)
        vote(analyst, action)
        deliver_due()
        execute(action_id=action.id)
        make_due()
        deliver_due()
    action.refresh_from_db()
    assert action.status == "executed"
    assert (len(receiver.requests), only().state, only().attempts) == (1, "failed", 1)


@pytest.mark.django_db
def test_a_redirect_leads_nowhere(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver()) as inner, receiving(Receiver([307], location=inner.url)) as outer:
        rejected(proposed, analyst, outer.url)
        deliver_due()
        assert (len(outer.requests), inner.requests) == (1, [])
    assert (only().state, only().last_status) == ("pending", 307)
    assert "not followed" in only().last_error


@pytest.mark.django_db
def test_a_slow_receiver_is_cut_off_and_tried_again_later(
    analyst: User, proposed: Propose, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = functools.partial(send, timeout_seconds=0.3)
    monkeypatch.setattr("approvals.services.callbacks.send", hasty)
    with speaking(dripping) as port:
        rejected(proposed, analyst, f"http://127.0.0.1:{port}/")
        assert deliver_due() == 1
    assert (only().state, only().last_status, only().last_error) == ("pending", None, "No answer in time.")


@pytest.mark.django_db
def test_nobody_listening_is_tried_again_and_changes_nothing_of_the_action(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver()) as receiver:
        url = receiver.url
    action = rejected(proposed, analyst, url)
    revision = action.revision
    deliver_due()
    action.refresh_from_db()
    assert (only().state, only().attempts) == ("pending", 1)
    assert (action.status, action.revision) == ("rejected", revision)


@pytest.mark.django_db
def test_an_address_inside_is_refused_and_given_up(analyst: User, proposed: Propose, settings: Any) -> None:
    settings.CALLBACK_ALLOW = Allowance()
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        deliver_due()
        assert receiver.requests == []
    assert (only().state, only().attempts) == ("failed", 1)
    assert "not public (loopback)" in only().last_error


# --- claims -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.parametrize(("point", "seen"), [("callback_claimed", 1), ("callback_sent", 2)])
def test_a_killed_sender_is_followed_by_another_under_the_same_id(
    point: str, seen: int, analyst: User, proposed: Propose, service_env: dict[str, str]
) -> None:
    with receiving(Receiver()) as receiver:
        rejected(proposed, analyst, receiver.url)
        env = {**service_env, "COUNTERSIGN_KILL_POINT": point, "COUNTERSIGN_CALLBACK_ALLOW": "127.0.0.1"}
        done = subprocess.run([sys.executable, "-c", SEND], env=env, capture_output=True, timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL
        assert (only().state, only().attempts) == ("pending", 1)
        assert deliver_due() == 0  # the lease holds
        make_due()
        assert deliver_due() == 1
    assert len(receiver.requests) == seen
    assert {request.headers["webhook-id"] for request in receiver.requests} == {only().webhook_id}
    assert (only().state, only().attempts) == ("delivered", 2)


@pytest.mark.django_db
def test_a_late_failure_of_a_lost_sender_counts_nothing_its_success_does(analyst: User, proposed: Propose) -> None:
    rejected(proposed, analyst, "http://127.0.0.1:9999/")
    lost = claim_next()
    make_due()
    current = claim_next()
    assert lost is not None
    assert current is not None
    assert finish(claim=lost, outcome=Outcome(500, "late")) == CallbackState.PENDING
    assert (only().last_error, only().lease_until is None) == ("", False)
    assert finish(claim=lost, outcome=Outcome(200)) == CallbackState.DELIVERED
    assert finish(claim=current, outcome=Outcome(500, "later")) == CallbackState.DELIVERED
    assert only().last_status == 200


@pytest.mark.django_db
def test_a_sender_lost_on_the_last_attempt_is_the_end(analyst: User, proposed: Propose) -> None:
    rejected(proposed, analyst, "http://127.0.0.1:9999/")
    for _ in range(6):
        assert claim_next() is not None
        make_due()
    assert claim_next() is None
    assert (only().state, only().attempts) == ("failed", 6)
    assert Entry.objects.filter(action="approvals.callback.failed").count() == 1


@pytest.mark.django_db
def test_a_later_event_waits_until_the_earlier_one_was_tried(analyst: User, proposed: Propose) -> None:
    action = proposed(callback_url="http://127.0.0.1:9999/")
    vote(analyst, action)
    execute(action_id=action.id)
    first = claim_next()
    assert first is not None
    assert claim_next() is None
    finish(claim=first, outcome=Outcome(500, "no"))
    second = claim_next()
    assert second is not None
    assert second.delivery_id > first.delivery_id


@pytest.mark.django_db
def test_one_agent_has_two_on_the_way_at_most(analyst: User, proposed: Propose) -> None:
    for number in range(1031, 1035):
        vote(
            analyst,
            proposed(value=f"WS-{number}", callback_url="http://127.0.0.1:9999/"),
            "reject",
            reason_code="other",
        )
    claims = [claim_next() for _ in range(4)]
    assert [claim is None for claim in claims] == [False, False, True, True]


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_send_each_event_once(analyst: User, proposed: Propose) -> None:
    with receiving(Receiver()) as receiver:
        for number in range(1031, 1041):
            action = proposed(value=f"WS-{number}", callback_url=receiver.url)
            vote(analyst, action, "reject", reason_code="other")

        def send_all() -> None:
            while CallbackDelivery.objects.filter(state="pending").exists():
                deliver_due()
            connection.close()

        threads = [threading.Thread(target=send_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(ids) == len(set(ids)) == 10
    assert set(CallbackDelivery.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_couriers_send_in_the_background_and_leave_no_connection_behind(analyst: User, proposed: Propose) -> None:
    is_told = threading.Event()
    is_waiting = threading.Event()

    def slow(stream: Any) -> None:
        stream.recv(65536)
        is_waiting.set()
        is_told.wait(30)
        stream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with speaking(slow) as port:
        rejected(proposed, analyst, f"http://127.0.0.1:{port}/")
        assert callback_couriers.dispatch_due() == 1
        assert is_waiting.wait(30)
        assert callback_couriers.dispatch_due() == 0  # the sweep goes on meanwhile
        assert only().state == "pending"
        is_told.set()
        for thread in [each for each in threading.enumerate() if each.name == "courier"]:
            thread.join(30)
    assert (only().state, only().attempts) == ("delivered", 1)


# --- around it ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/",
        "http://10.0.0.5/",
        "http://[::ffff:10.0.0.1]/",
        "http://user:secret@agent.example/",
        "http://agent.example:22/",
        "http://0x7f.1/",
        "ftp://agent.example/",
    ],
)
def test_a_url_that_can_never_be_called_is_a_wrong_field(url: str, client: Client, agent: Agent, estate: None) -> None:
    answer = client.post(
        "/api/v1/actions",
        {"type": "isolate_host", "target": {"type": "host", "value": "WS-1031"}, "callback_url": url},
        content_type="application/json",
        headers=bearer(agent),
    )
    assert answer.status_code == 422
    assert "callback_url" in answer.json()["errors"][0]["field"]
    assert not PendingAction.objects.exists()


@pytest.mark.django_db
def test_an_agent_proposes_with_a_callback_and_reads_how_it_went(
    client: Client, agent: Agent, estate: None, analyst: User
) -> None:
    headers = bearer(agent)
    with receiving(Receiver([500])) as receiver:
        answer = client.post(
            "/api/v1/actions",
            {"type": "isolate_host", "target": {"type": "host", "value": "WS-1031"}, "callback_url": receiver.url},
            content_type="application/json",
            headers=headers,
        )
        assert answer.status_code == 201
        action = PendingAction.objects.get(pk=answer.json()["id"])
        vote(analyst, action, "reject", reason_code="other")
        deliver_due()
    callback = client.get(f"/api/v1/actions/{action.id}", headers=headers).json()["callback"]
    assert callback["url"] == receiver.url
    (delivery,) = callback["deliveries"]
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("pending", 1, 500)
    assert delivery["next_attempt_at"].endswith("Z")


@pytest.mark.django_db
def test_the_record_shows_each_delivery_and_its_last_error(client: Client, analyst: User, proposed: Propose) -> None:
    with receiving(Receiver([500])) as receiver:
        action = rejected(proposed, analyst, receiver.url + "&q=%3Cb%3E")
        deliver_due()
    client.force_login(analyst)
    page = client.get(f"/actions/{action.id}/").content.decode()
    assert "Callback</h2>" in page
    assert "action.rejected" in page
    assert "The receiver answered 500." in page
    assert only().webhook_id in page


@pytest.mark.django_db
def test_the_record_of_an_action_without_a_url_has_no_such_part(
    client: Client, analyst: User, proposed: Propose
) -> None:
    client.force_login(analyst)
    assert "Callback</h2>" not in client.get(f"/actions/{proposed().id}/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM approvals_callbackdelivery",
        "UPDATE approvals_callbackdelivery SET body = '{}'",
        "UPDATE approvals_callbackdelivery SET webhook_id = 'msg_1'",
        "UPDATE approvals_callbackdelivery SET event = 'action.executed'",
        "DELETE FROM accounts_agentwebhooksecret",
        "UPDATE accounts_agentwebhooksecret SET ciphertext = ''",
    ],
)
def test_the_serving_role_rewrites_neither_what_was_sent_nor_a_secret(statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_delivered_without_a_2xx_is_refused_by_the_database(analyst: User, proposed: Propose) -> None:
    rejected(proposed, analyst, "http://127.0.0.1:9999/")
    with pytest.raises(IntegrityError, match="delivered_means_a_2xx"), transaction.atomic():
        CallbackDelivery.objects.update(state="delivered", ended_at=PAST, last_status=302)
    assert only().state == "pending"
