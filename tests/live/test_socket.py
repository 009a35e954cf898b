"""The socket from the outside: a web process, real sessions, real Redis."""

import contextlib
import time

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import Role, User
from accounts.services import deactivate_person, remove_from_team, revoke_role
from tests.databases import database_url, own_name
from tests.live.conftest import Browser, Desk, announce, make_person, open_socket
from tests.servers import WebServer, session_cookie

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

INSERT = """INSERT INTO live_liveevent (kind, object_type, object_id, revision)
            VALUES ('board.changed', 'board', %s, 1) RETURNING id"""


def test_a_change_reaches_the_team_as_an_htmx_partial(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    event = announce(soc.team, revision=4)
    assert page.read() == {
        "content": f'<hx-partial hx-target="#board">{soc.team.pk} soc</hx-partial>',
        "event": event,
        "kind": "board.changed",
        "object_type": "board",
        "object_id": str(soc.team.pk),
        "revision": 4,
    }


@pytest.mark.parametrize("object_type", ["board", "shared_board"])
def test_another_team_receives_nothing(soc: Desk, strangers: Desk, browser: Browser, object_type: str) -> None:
    theirs, ours = browser(strangers.person), browser(soc.person)
    announce(soc.team, object_type=object_type)
    assert (ours.read() or {})["object_id"] == str(soc.team.pk)
    own = announce(strangers.team, object_type=object_type)
    assert (theirs.read() or {})["event"] == own
    assert theirs.read(0.5) is None


def test_a_change_that_was_rolled_back_is_not_shown(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    with pytest.raises(RuntimeError, match="changed my mind"), transaction.atomic():
        announce(soc.team)
        raise RuntimeError("changed my mind")
    assert page.read(3) is None


def test_a_broken_renderer_does_not_silence_the_others(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    announce(soc.team, object_type="broken")
    announce(soc.team, object_type="unheard_of")
    event = announce(soc.team)
    assert (page.read() or {})["event"] == event


def test_a_page_may_ask_for_some_kinds_of_objects_only(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person, topics="shared_board")
    announce(soc.team)
    event = announce(soc.team, object_type="shared_board")
    assert (page.read() or {})["event"] == event


# --- nothing is missed --------------------------------------------------------------------------
def test_what_was_missed_is_replayed_in_order_before_the_hello(soc: Desk, browser: Browser) -> None:
    seen = announce(soc.team, board="0")
    missed = [announce(soc.team, board=str(number)) for number in range(1, 6)]
    page = browser(soc.person, since=seen)
    replayed = [message["event"] for message in page.before_hello]
    assert [event for event in replayed if event > seen] == missed
    assert all(message["again"] for message in page.before_hello)
    assert page.hello["event"] == missed[-1]
    assert page.hello["live"] == "on"


def test_the_replay_shows_each_object_once_and_only_to_those_who_may_see_it(
    soc: Desk, strangers: Desk, browser: Browser
) -> None:
    seen = announce(soc.team, board="0")
    for revision in range(1, 4):
        announce(soc.team, board="a", revision=revision)
    last = announce(soc.team, board="b")
    page = browser(soc.person, since=seen)
    boards = [(message["object_id"], message["revision"]) for message in page.before_hello if message["event"] > seen]
    assert boards == [(f"{soc.team.pk}/a", 3), (f"{soc.team.pk}/b", 1)]
    outside = browser(strangers.person, since=seen)
    assert outside.before_hello == []
    assert outside.hello["event"] == last


def test_a_lower_id_that_commits_late_reaches_open_and_returning_pages(soc: Desk, browser: Browser) -> None:
    open_page = browser(soc.person)
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_URL")) as slow:
        late = slow.execute(INSERT, [f"{soc.team.pk}/late"]).fetchone()[0]  # type: ignore[index]
        quick = announce(soc.team, board="quick")
        assert quick > late
        assert (open_page.read() or {})["event"] == quick
        # Far more than any margin of time would have to cover: what counts is which transactions were open.
        time.sleep(6)
        announce(soc.team, board="later")
        assert (open_page.read() or {})["object_id"] == f"{soc.team.pk}/later"
        slow.commit()
    # No pointer was sent for it: the hub finds the row.
    assert (open_page.read() or {})["event"] == late
    returning = browser(soc.person, since=quick)
    assert late in [message["event"] for message in returning.before_hello]


def test_a_socket_that_was_idle_for_20_seconds_still_receives(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    assert page.read(20) is None
    event = announce(soc.team)
    message = page.read(1)
    assert message is not None
    assert message["event"] == event


def test_many_changes_at_once_become_one_sign_and_nothing_for_others(
    soc: Desk, strangers: Desk, browser: Browser
) -> None:
    ours, theirs = browser(soc.person), browser(strangers.person)
    with transaction.atomic():
        events = [announce(soc.team, board=str(number)) for number in range(60)]
    seen = ours.read_until("kind", "many")
    assert seen[-1]["count"] == 21
    assert "live-changes" in seen[-1]["content"]
    assert events[0] <= seen[-1]["event"] <= events[-1]
    assert theirs.read(1) is None


def test_somebody_who_was_long_away_gets_one_sign(soc: Desk, browser: Browser) -> None:
    seen = announce(soc.team)
    last = [announce(soc.team, board=str(number)) for number in range(30)][-1]
    page = browser(soc.person, since=seen)
    assert [message["kind"] for message in page.before_hello] == ["many"]
    assert page.before_hello[0]["event"] <= last


# --- who may listen -----------------------------------------------------------------------------
def test_nobody_without_a_session_is_served(soc: Desk, browser: Browser) -> None:
    assert browser().close_code() == 4401
    assert browser(cookie="sessionid=0123456789abcdef0123456789abcdef").close_code() == 4401


def test_somebody_without_a_role_is_sent_away(soc: Desk, browser: Browser) -> None:
    nobody = User.objects.create_user("nobody")
    assert browser(nobody, ready=False).close_code() == 4403


def _log_out(person: User) -> None:
    Session.objects.all().delete()


def _expire(person: User) -> None:
    Session.objects.update(expire_date=timezone.now())


def _deactivate(person: User) -> None:
    deactivate_person(user=person, reason="left")


def _new_password(person: User) -> None:
    person.set_password("another-horse-battery")
    person.save()


def _revoke(person: User) -> None:
    revoke_role(user=person, role=Role.ANALYST, reason="moved")


@pytest.mark.parametrize(
    ("end", "code"),
    [(_log_out, 4401), (_expire, 4401), (_deactivate, 4401), (_new_password, 4401), (_revoke, 4403)],
)
def test_a_session_that_ends_closes_its_socket_and_nothing_follows(
    soc: Desk, browser: Browser, end: object, code: int
) -> None:
    quiet, addressed = browser(soc.person), browser(soc.person)
    end(soc.person)  # type: ignore[operator]
    announce(soc.team)
    assert addressed.close_code(1) == code
    assert quiet.close_code(1) == code


def test_a_session_that_ends_closes_a_quiet_socket_within_5_seconds(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    Session.objects.all().delete()
    assert page.close_code(5) == 4401


def test_who_left_the_team_stays_connected_and_sees_no_more_of_it(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    remove_from_team(user=soc.person, team=soc.team, reason="moved")
    announce(soc.team)
    announce(soc.team, object_type="shared_board")
    assert page.read(1) is None


def test_one_person_holds_20_sockets_and_others_still_come_in(soc: Desk, browser: Browser) -> None:
    cookie = session_cookie(soc.person)
    pages = [browser(cookie=cookie, ready=True) for _ in range(20)]
    assert browser(cookie=cookie).close_code() == 4403
    colleague = browser(make_person("bea", soc.team))
    event = announce(soc.team)
    assert (pages[0].read() or {})["event"] == event
    assert (colleague.read() or {})["event"] == event


# --- what a browser says ------------------------------------------------------------------------
def test_what_a_page_says_is_ignored(soc: Desk, browser: Browser) -> None:
    page = browser(soc.person)
    for text in ("{}", '{"type":"websocket.close"}', "not json", b"\x00\xff"):
        page.socket.send(text)
    event = announce(soc.team)
    assert (page.read() or {})["event"] == event


def test_a_page_that_says_much_is_closed(soc: Desk, browser: Browser) -> None:
    long, often = browser(soc.person), browser(soc.person)
    long.socket.send("x" * 5000)
    assert long.close_code() == 4008
    with contextlib.suppress(ConnectionClosed):
        for _ in range(30):
            often.socket.send("x")
    assert often.close_code() == 4008


def test_a_huge_frame_is_refused_by_the_server(soc: Desk, browser: Browser) -> None:
    page, other = browser(soc.person), browser(soc.person)
    with pytest.raises(ConnectionClosed):
        for _ in range(8):
            page.socket.send("x" * 2_000_000)
    event = announce(soc.team)
    assert (other.read() or {})["event"] == event


def test_only_the_one_path_is_a_socket(soc: Desk, live_server_process: WebServer) -> None:
    with pytest.raises(InvalidStatus) as refused, open_socket(live_server_process, soc.person, path="/ws/other/"):
        pass
    assert refused.value.response.status_code == 403
