"""The connection is visible, and whatever was missed is shown when it comes back."""

import json
import re
import time
from collections.abc import Iterator, Mapping

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from tests.browser.conftest import Browsers, aside
from tests.proposals import Propose
from tests.servers import WebServer, listening_socket, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Restartable:
    """A web process that can go away and come back on the same port."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._socket = listening_socket()
        self._running = web_server(env, listening=self._socket)
        self.server = self._running.__enter__()

    def stop(self) -> None:
        """End the process; its port stays ours."""
        self._running.__exit__(None, None, None)

    def start(self) -> None:
        """Start another one on the port."""
        self._running = web_server(self._env, listening=self._socket)
        self._running.__enter__()

    def close(self) -> None:
        """Give up the port too."""
        self.stop()
        self._socket.close()


@pytest.fixture
def restartable(transactional_db: None, service_env: Mapping[str, str]) -> Iterator[Restartable]:
    web = Restartable(service_env)
    yield web
    web.close()


@pytest.fixture
def web(restartable: Restartable) -> WebServer:
    return restartable.server


def state(page: Page, wanted: str, seconds: float) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", wanted, timeout=seconds * 1000)


def test_thirty_seconds_without_a_server_lose_nothing(
    browsers: Browsers, restartable: Restartable, proposed: Propose, analyst: User
) -> None:
    first = aside(lambda: proposed(value="WS-1031"))
    page = browsers.page(analyst)
    page.goto(f"/queue/{first.id}/")
    state(page, "live", 10)
    restartable.stop()
    state(page, "reconnecting", 6)
    expect(page.locator("#connection")).to_contain_text(re.compile(r"data as of \d\d:\d\d:\d\d"))
    page.keyboard.press("a")
    page.get_by_label(re.compile("Comment")).fill("typed while away")
    time.sleep(25)
    aside(lambda: [proposed(value=f"WS-10{number}") for number in range(32, 37)])
    state(page, "offline", 10)
    expect(page.locator("#connection")).to_contain_text("decisions still work")
    restartable.start()
    state(page, "live", 20)
    expect(page.locator("#connection")).to_contain_text("5 changes while away")
    expect(page.locator("#new-pill")).to_contain_text("5 new")
    expect(page.get_by_label(re.compile("Comment"))).to_have_value("typed while away")
    page.locator("#new-pill").click()
    expect(page.locator("[data-row]")).to_have_count(6)
    shown = page.locator("[data-row] strong").all_inner_texts()
    assert shown == [f"WS-10{number}" for number in range(31, 37)]


def test_a_lost_broker_is_said_and_old_news_is_dropped(browsers: Browsers, proposed: Propose, analyst: User) -> None:
    action = aside(proposed)
    page = browsers.page(analyst)
    sockets: list[WebSocketRoute] = []
    page.route_web_socket(re.compile("/ws/live/"), lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright wants a function
    page.goto(f"/queue/{action.id}/")
    state(page, "live", 10)

    def row(revision: int, words: str) -> None:
        content = (
            f'<hx-partial hx-target="#act-{action.id}" hx-swap="outerMorph">'
            f'<li id="act-{action.id}" data-row data-rev="{revision}">{words}</li></hx-partial>'
        )
        news = {"content": content, "event": 1, "kind": "x", "object_type": "action"}
        sockets[0].send(json.dumps({**news, "object_id": str(action.id), "revision": revision}))

    sockets[0].send('{"live": "off"}')
    expect(page.locator("#live-word")).to_have_text("Live updates off")
    row(action.revision + 5, "newer")
    row(action.revision + 4, "older")
    sockets[0].send('{"live": "on"}')
    state(page, "live", 5)
    expect(page.locator(f"#act-{action.id}")).to_have_text("newer")
    expect(page.locator("#connection")).not_to_be_visible()


def test_an_ended_session_says_so_and_keeps_what_was_typed(
    browsers: Browsers, proposed: Propose, analyst: User
) -> None:
    action = aside(proposed)
    page = browsers.logged_in(analyst)
    page.goto(f"/queue/{action.id}/")
    state(page, "live", 10)
    page.keyboard.press("a")
    page.get_by_label(re.compile("Comment")).fill("almost done")
    aside(lambda: Session.objects.all().delete())
    # The next change makes the server look at the session again.
    aside(lambda: proposed(value="WS-1033"))
    state(page, "ended", 15)
    expect(page.locator("#connection")).to_contain_text("Your session has ended")
    page.get_by_role("link", name="Log in again").click()
    page.get_by_label("User name").fill(analyst.username)
    page.get_by_label("Password").fill("correct-horse-battery")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(f"/queue/{action.id}/"))
    expect(page.get_by_label(re.compile("Comment"))).to_have_value("almost done")
