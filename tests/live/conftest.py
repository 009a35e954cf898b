"""Two teams, their people, and a web process whose pages show a board per team."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import Role, Team, User
from accounts.services import add_to_team, create_person, create_team, grant_role
from live.publish import publish
from tests.databases import server_environment
from tests.servers import WebServer, session_cookie, web_server

Browser = Callable[..., "Page"]


@dataclass(slots=True)
class Desk:
    """A team with one of its people."""

    team: Team
    person: User


class Page:
    """What a browser tab does with its socket: remembers the newest event and what it was shown."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}
        self.before_hello: list[dict[str, Any]] = []
        self.since = 0

    def read(self, seconds: float = 5) -> dict[str, Any] | None:
        """Return the next message, None when none comes in time."""
        try:
            message = json.loads(self.socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        self.since = max(self.since, message.get("event", 0))
        return message  # type: ignore[no-any-return]

    def read_until_hello(self) -> "Page":
        """Read the replay, up to the sign that there is no more of it."""
        while "hello" not in (message := self.read() or {"hello": None}):
            self.before_hello.append(message)
        self.hello = message
        return self

    def read_until(self, key: str, value: str, seconds: float = 10) -> list[dict[str, Any]]:
        """Read until a message has `value` under `key`; return all of them, the last one too."""
        seen: list[dict[str, Any]] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.read(max(0.01, end - time.monotonic()))
            if message is not None:
                seen.append(message)
                if message.get(key) == value:
                    return seen
        raise AssertionError(f"no {key}={value} among {seen}")

    def close_code(self, seconds: float = 10) -> int | None:
        """Read until the server closes, and return its code; None when it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.socket.recv(timeout=max(0.01, end - time.monotonic()))
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            except TimeoutError:
                return None
        return None


@pytest.fixture
def soc(transactional_db: None) -> Desk:
    """The team `soc` with one analyst."""
    return make_desk("soc", "ana")


@pytest.fixture
def strangers(transactional_db: None) -> Desk:
    """Another team."""
    return make_desk("strangers", "otto")


def make_desk(slug: str, username: str) -> Desk:
    """Create a team and an analyst in it."""
    team = create_team(slug=slug, name=slug)
    return Desk(team, make_person(username, team))


def make_person(username: str, team: Team) -> User:
    """Create an analyst of `team`."""
    person = create_person(username=username, password="correct-horse-battery")
    grant_role(user=person, role=Role.ANALYST)
    add_to_team(user=person, team=team)
    return person


def announce(team: Team, *, board: str = "", revision: int = 1, object_type: str = "board") -> int:
    """Commit a change of a team's board and return its event."""
    with transaction.atomic():
        return publish(
            kind=f"{object_type}.changed",
            object_type=object_type,
            object_id=f"{team.pk}{'/' if board else ''}{board}",
            revision=revision,
            team_id=team.pk,
        )


@pytest.fixture(scope="session")
def long_running_server(django_db_setup: None) -> Iterator[WebServer]:
    """One process for all of these tests: it bears that its database is made anew between them."""
    # Its database is made anew under it between tests: a pool would take seconds of back-off to believe in the new one.
    env = {**server_environment(), "COUNTERSIGN_DB_POOL": "0"}
    with web_server(env, application="tests.live.asgi:application") as server:
        yield server


@pytest.fixture
def live_server_process(transactional_db: None, long_running_server: WebServer) -> WebServer:
    """The product plus the boards of tests/live/asgi.py, on the test database."""
    return long_running_server


@pytest.fixture
def browser(live_server_process: WebServer) -> Iterator[Browser]:
    """Open sockets as somebody: `browser(user)`, `browser(user, since=7)`, `browser(cookie="sessionid=…")`."""
    with contextlib.ExitStack() as stack:

        def open_page(user: User | None = None, **options: Any) -> Page:
            page = Page(stack.enter_context(open_socket(live_server_process, user, **options)))
            return page.read_until_hello() if options.get("ready", user is not None) else page

        yield open_page


def open_socket(server: WebServer, user: User | None = None, **options: Any) -> ClientConnection:
    """Return a connection to enter, which raises websockets' InvalidStatus when the server refuses."""
    cookie = options.get("cookie") or (session_cookie(user) if user else "")
    query = "&".join(f"{name}={options[name]}" for name in ("since", "topics") if name in options)
    return connect(
        f"{server.socket_origin}{options.get('path', '/ws/live/')}?{query}",
        origin=options.get("origin", server.origin),
        additional_headers=[("Cookie", cookie), *options.get("headers", [])],
        compression=None,
        proxy=None,
    )
