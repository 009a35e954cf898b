"""The network is cut between browser and server, Redis is killed, nothing happens for a while: the page says so."""

import contextlib
import dataclasses
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import Decision
from tests.browser.conftest import Browsers, aside
from tests.live.test_redis_away import MortalRedis
from tests.proposals import Propose, vote
from tests.servers import WebServer, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
#: Close with a reset, as a cable that is cut: no polite goodbye reaches the browser.
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """A relay before a web process that can be cut: what is open is reset, what is new is refused."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self.server: WebServer
        self._open: set[socket.socket] = set()
        self._listener = self._bound(0)
        self.port = int(self._listener.getsockname()[1])
        self.mend()

    def cut(self) -> None:
        """Reset every connection and refuse new ones; the port stays ours."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = self._bound(self.port)
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again."""
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        self._listener.close()

    @staticmethod
    def _bound(port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._upstream))
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        self._open.discard(source)
        source.close()


@pytest.fixture
def mortal_redis() -> Iterator[MortalRedis]:
    """The Redis of the web process alone."""
    server = MortalRedis()
    yield server
    server.kill()


@pytest.fixture
def wire(transactional_db: None, service_env: Mapping[str, str], mortal_redis: MortalRedis) -> Iterator[Wire]:
    """The cable to the product, which has a Redis of its own."""
    with web_server({**service_env, "COUNTERSIGN_REDIS_URL": mortal_redis.url}) as server:
        cable = Wire(server.port)
        cable.server = dataclasses.replace(server, port=cable.port)
        yield cable
        cable.close()


@pytest.fixture
def web(wire: Wire) -> WebServer:
    """What the browsers reach: the near end of the cable."""
    return wire.server


def state(page: Page, wanted: str, seconds: float) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", wanted, timeout=seconds * 1000)


def listen(page: Page) -> list[dict[str, Any]]:
    """Collect the messages that this page's sockets receive."""
    heard: list[dict[str, Any]] = []
    page.on("websocket", lambda each: each.on("framereceived", lambda frame: heard.append(json.loads(str(frame)))))
    return heard


@pytest.mark.parametrize("seconds", [5, 35])
def test_five_changes_behind_a_cut_cable_are_shown_in_order(
    browsers: Browsers, wire: Wire, proposed: Propose, lead: User, senior: User, seconds: int
) -> None:
    dual, single = aside(lambda: [proposed("wipe_endpoint", value="WS-1031"), proposed(value="WS-1032")])
    page = browsers.page(lead)
    heard = listen(page)
    page.goto(f"/queue/{dual.id}/")
    state(page, "live", 15)
    page.wait_for_timeout(500)
    wire.cut()
    cut_at = time.monotonic()
    state(page, "reconnecting", 8)
    expect(page.locator("#connection")).to_contain_text(re.compile(r"data as of \d\d:\d\d:\d\d"))
    del heard[:]

    def five() -> list[str]:
        made = [proposed(value="WS-1034"), vote(senior, dual), proposed(value="WS-1035")]
        made += [vote(senior, single, "reject", reason_code="policy"), proposed(value="WS-1036")]
        return [str(action.id) for action in made]

    changed = aside(five)
    if seconds > 30:
        state(page, "offline", 35)
        expect(page.locator("#connection")).to_contain_text("decisions still work")
    page.wait_for_timeout(max(0, seconds - (time.monotonic() - cut_at)) * 1000)
    expect(page.locator(".step-done")).to_have_count(1)
    wire.mend()
    mended_at = time.monotonic()
    state(page, "live", 30)
    expect(page.locator("#connection")).to_contain_text("5 changes while away", timeout=10_000)
    took = time.monotonic() - mended_at

    told = [message["object_id"] for message in heard if message.get("object_id") in changed]
    assert list(dict.fromkeys(told)) == changed
    expect(page.locator(".step-done")).to_have_count(2)
    expect(page.locator(f"#act-{single.id}")).to_contain_text("Rejected")
    expect(page.locator("#new-pill")).to_contain_text("3 new")
    page.locator("#new-pill").click()
    expect(page.locator("[data-row]")).to_have_count(4)
    shown = page.locator("[data-row] strong").all_inner_texts()
    assert [value for value in shown if value != "WS-1031"] == ["WS-1034", "WS-1035", "WS-1036"]
    print(f"\nJOURNEY outage of {seconds} s: 5 of 5 in order, live again {took:.1f} s after the cable was mended")


def test_a_page_that_was_idle_for_twenty_seconds_hears_the_next_change(
    browsers: Browsers, proposed: Propose, lead: User, senior: User
) -> None:
    action = aside(lambda: proposed("wipe_endpoint"))
    page = browsers.page(lead)
    sockets: list[str] = []
    page.on("websocket", lambda each: sockets.append(each.url))
    page.goto(f"/queue/{action.id}/")
    state(page, "live", 15)
    page.wait_for_timeout(20_500)
    aside(lambda: vote(senior, action))
    expect(page.locator(".step-done")).to_have_count(2)
    # The same socket, not one that was opened anew meanwhile.
    assert len(sockets) == 1


def test_pages_and_decisions_work_while_redis_is_dead(
    browsers: Browsers, mortal_redis: MortalRedis, proposed: Propose, lead: User, analyst: User
) -> None:
    first, second = aside(lambda: [proposed("wipe_endpoint"), proposed(value="WS-1032")])
    page = browsers.page(lead)
    page.goto(f"/queue/{first.id}/")
    state(page, "live", 15)
    mortal_redis.kill()
    killed_at = time.monotonic()
    expect(page.locator("#live-word")).to_have_text("Live updates off", timeout=15_000)
    said = time.monotonic() - killed_at
    expect(page.locator("#connection")).to_contain_text("Pages and decisions work as always")

    other = browsers.logged_in(analyst)
    took = {}
    for path in ("/queue/", "/alerts/", "/audit/", "/estate/", "/metrics/", "/agents/", f"/actions/{first.id}/"):
        started = time.monotonic()
        answer = other.goto(path)
        took[path] = time.monotonic() - started
        assert getattr(answer, "status", None) == 200, path
    other.goto(f"/queue/{second.id}/")
    other.get_by_role("radio", name=re.compile("Approve")).check()
    started = time.monotonic()
    other.get_by_role("button", name=re.compile("^Approve: ")).click()
    expect(other.locator("[data-result]")).to_be_visible()
    decided = time.monotonic() - started
    assert aside(lambda: Decision.objects.get().action_id) == second.id
    expect(page.locator(f"#act-{second.id}")).to_contain_text("Approved", timeout=10_000)
    expect(page.locator("#live-word")).to_have_text("Live updates off")

    mortal_redis.start()
    started = time.monotonic()
    state(page, "live", 20)
    back = time.monotonic() - started
    aside(lambda: proposed(value="WS-1033"))
    expect(page.locator("#new-pill")).to_contain_text("1 new", timeout=10_000)
    print(
        f"\nJOURNEY redis killed: said after {said:.1f} s, decision in {decided:.2f} s, live again after {back:.1f} s;"
    )
    print(f"  slowest page meanwhile {max(took, key=lambda path: took[path])} {max(took.values()):.2f} s")
