"""/control/, the strip and GET control, by HTTP alone."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, Scope, User
from accounts.services import issue_token
from approvals.control_topic import render_control
from approvals.models import Stop
from audit.links import url_of
from live.topics import TOPICS
from tests.approvals.control import SCOPES, freeze, key_of, lift, stop
from tests.approvals.test_pages import logged_in
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db
ROLES = ("analyst", "senior", "lead", "manager", "auditor", "admin")
HOSTILE = 'Stop <script>alert(1)</script> evil\u202etxt <hx-partial hx-target="body">'
EVERYTHING = {"kind": "kill_switch", "target": "all:", "typed": "everything", "reason": "Odd since noon"}


def text(client: Client, path: str = "/control/") -> str:
    """Return a page as text."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ROLES)
def test_everybody_of_the_desk_reads_and_entitled_roles_act(
    name: str, lead2: User, request: pytest.FixtureRequest
) -> None:
    client = logged_in(request.getfixturevalue(name))
    may = name in ("senior", "lead", "admin")
    assert ("Stop it now" in text(client)) == may
    answer = client.post("/control/stop/", EVERYTHING)
    assert answer.status_code == (302 if may else 403)
    assert Stop.objects.count() == may
    if not may:
        assert "Your roles may not stop this; it takes one of: admin, incident commander" in answer.content.decode()
        stopped = stop(lead2)
        for verb in ("request-lift", "withdraw-lift", "confirm-lift"):
            form = {"reason": "x", "revision": "1"}
            assert client.post(f"/control/{stopped.id}/{verb}/", form).status_code == 403
        assert Stop.objects.get().lift_requested_at is None
    page = text(client)
    assert "Stopped:" in page
    assert ("Ask to lift it" in page) == may


def test_strangers_see_nothing(lead: User) -> None:
    stopped = stop(lead)
    for path in ("/control/", f"/control/{stopped.id}/confirm-lift/"):
        assert Client().post(path).status_code in (302, 405)
    assert Client().get("/control/")["Location"].startswith("/accounts/login/?next=")
    assert Client().get("/api/v1/control").status_code == 401


@pytest.mark.parametrize("scope", SCOPES)
def test_the_form_stops_each_scope(scope: str, lead: User, agent: Agent) -> None:
    client = logged_in(lead)
    target = f"{scope}:{key_of(scope, agent)}"
    assert f'value="{target}"' in text(client)
    assert client.post("/control/stop/", {**EVERYTHING, "target": target}).status_code == 302
    stored = Stop.objects.get()
    assert (stored.scope, stored.key, stored.reason) == (scope, key_of(scope, agent), "Odd since noon")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"typed": ""}, "type the word everything"),
        ({"typed": "all"}, "type the word everything"),
        ({"reason": "  "}, "say why"),
        ({"target": ""}, "choose what to stop"),
        ({"target": "agent:nobody"}, "choose what to stop"),
        ({"kind": "change_freeze"}, "must lie after now"),
        ({"kind": "change_freeze", "ends_at": "tomorrow"}, "a date and a time"),
    ],
)
def test_a_wrong_form_stops_nothing_and_keeps_what_was_typed(change: dict[str, str], words: str, lead: User) -> None:
    answer = logged_in(lead).post("/control/stop/", {**EVERYTHING, "reason": "half a thought", **change})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "reason" in change or "half a thought" in page
    assert not Stop.objects.exists()


def test_stopping_twice_is_a_conflict_in_words(lead: User) -> None:
    client = logged_in(lead)
    assert client.post("/control/stop/", EVERYTHING).status_code == 302
    answer = client.post("/control/stop/", EVERYTHING)
    assert answer.status_code == 409
    assert "It holds already: lead stopped everything" in answer.content.decode()
    assert Stop.objects.count() == 1


def test_a_freeze_is_set_in_utc(lead: User) -> None:
    ends = (timezone.now() + dt.timedelta(days=1)).astimezone(dt.UTC).replace(second=0, microsecond=0)
    form = {**EVERYTHING, "kind": "change_freeze", "ends_at": ends.strftime("%Y-%m-%dT%H:%M")}
    assert logged_in(lead).post("/control/stop/", form).status_code == 302
    assert Stop.objects.get().ends_at == ends


def test_two_people_lift_through_the_page_and_one_does_not(lead: User, lead2: User) -> None:
    first, second, stopped = logged_in(lead), logged_in(lead2), stop(lead)
    assert first.post(f"/control/{stopped.id}/request-lift/", {"reason": "Fixed"}).status_code == 302
    own = text(first)
    assert "Confirm: lift it" not in own
    assert "lead2 (SOC lead)" in own
    revision = str(Stop.objects.get().revision)
    alone = first.post(f"/control/{stopped.id}/confirm-lift/", {"revision": revision})
    assert (alone.status_code, "a second person confirms" in alone.content.decode()) == (403, True)
    assert Stop.objects.get().lifted_at is None
    assert "Confirm: lift it" in text(second)
    assert second.post(f"/control/{stopped.id}/confirm-lift/", {"revision": revision}).status_code == 302
    assert Stop.objects.get().lifted_by == lead2
    assert "confirmed by lead2" in text(first)
    assert 'data-stop="' not in text(first)


def test_an_old_log_in_is_asked_again_before_lifting(lead: User, lead2: User) -> None:
    client, stopped = logged_in(lead, fresh=False), stop(lead2)
    answer = client.post(f"/control/{stopped.id}/request-lift/", {"reason": "Fixed and understood"})
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=%2Fcontrol%2F")
    assert Stop.objects.get().lift_requested_at is None
    assert "Fixed and understood" in text(client)


def test_a_request_is_taken_back(lead: User) -> None:
    client, stopped = logged_in(lead), stop(lead)
    client.post(f"/control/{stopped.id}/request-lift/", {"reason": "Fixed"})
    assert client.post(f"/control/{stopped.id}/withdraw-lift/").status_code == 302
    stopped.refresh_from_db()
    assert (stopped.lift_requested_at, stopped.lifted_at) == (None, None)


def test_another_teams_agent_is_neither_offered_nor_shown(agent: Agent, lead: User, outsider: User) -> None:
    stopped, client = stop(lead, "agent", str(agent.id), reason="Their own business"), logged_in(outsider)
    page = text(client)
    assert str(agent.id) not in page
    assert "Their own business" not in page
    assert client.post(f"/control/{stopped.id}/request-lift/", {"reason": "x"}).status_code == 404
    assert "Their own business" in text(logged_in(lead), "/queue/")


@pytest.mark.parametrize("path", ["/queue/", "/alerts/", "/agents/", "/audit/", "/control/", "/help/"])
def test_every_page_carries_the_strip_while_something_is_stopped(path: str, lead: User, lead2: User) -> None:
    client = logged_in(lead)
    assert 'data-stop="' not in text(client, path)
    stopped = stop(lead2, reason=HOSTILE)
    page = text(client, path)
    strip = re.search(r'<section id="stops".*?</section>', page, re.DOTALL)
    assert strip is not None
    assert "lead2 stopped everything on" in strip[0]
    assert "<script>alert" not in page
    assert "\u202e" not in page
    lift(stopped, lead, lead2)
    assert 'data-stop="' not in text(client, path)


def test_the_live_partial_shows_each_viewer_their_strip(lead: User, lead2: User, outsider: User, agent: Agent) -> None:
    assert TOPICS["control"].renderer is render_control
    own = stop(lead, "agent", str(agent.id))
    assert render_control(outsider, str(own.id)) is None
    assert render_control(lead, "nonsense") is None
    every = stop(lead2)
    shown = render_control(outsider, str(every.id)) or ""
    assert 'hx-target="#stops"' in shown
    assert "lead2 stopped everything" in shown
    assert "responder" not in shown
    lift(every, lead, lead2)
    assert "lead2 stopped" not in (render_control(outsider, str(every.id)) or "gone")
    assert url_of("control", str(own.id)) == f"/control/#stop-{own.id}"


def test_the_message_counts_what_was_on_the_way_already(proposed: Propose, analyst: User, lead: User) -> None:
    action = proposed()
    vote(analyst, action)
    answer = logged_in(lead).post("/control/stop/", EVERYTHING, follow=True)
    assert "cannot be called back" not in answer.content.decode()
    assert "Nothing new is dispatched" in answer.content.decode()


def test_agents_read_what_is_stopped(agent: Agent, lead: User, lead2: User, outsider: User) -> None:
    token = issue_token(owner=agent, scopes=[Scope.ACTIONS_READ], expires_in=dt.timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/control", headers=headers).json() == {"items": [], "next": None}
    stop(lead, "agent", str(agent.id))
    freeze(lead2)
    items = Client().get("/api/v1/control", headers=headers).json()["items"]
    assert [(item["kind"], item["scope"], item["label"]) for item in items] == [
        ("change_freeze", "all", ""),
        ("kill_switch", "agent", "responder"),
    ]
    assert items[1]["set_by"] == str(lead.person_id)
    assert items[1]["set_at"].endswith("Z")
    assert items[1]["lift"] is None
    by_session = logged_in(outsider).get("/api/v1/control").json()["items"]
    assert [item["kind"] for item in by_session] == ["change_freeze"]
    assert Client().post("/api/v1/control", headers=headers).status_code == 405


def test_a_token_without_the_scope_reads_nothing(agent: Agent) -> None:
    token = issue_token(owner=agent, scopes=[Scope.ACTIONS_PROPOSE], expires_in=dt.timedelta(days=1))[1]
    assert Client().get("/api/v1/control", headers={"Authorization": f"Bearer {token}"}).status_code == 403
