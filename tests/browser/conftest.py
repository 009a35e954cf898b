"""Browsers on the real product: a web process on the test database, Chromium, people already logged in."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from accounts.models import User
from approvals.models import PendingAction
from tests.cast import PASSWORD
from tests.proposals import Propose
from tests.servers import WebServer, session_cookie, web_server

Result = TypeVar("Result")
REASONING = "The host beacons to a known server [1] and the hash is listed [2]."
EVIDENCE = [
    {"claim": "Beacon every 60 s to 203.0.113.7", "source": "suricata", "ref": "flow 8812"},
    {"claim": "SHA-256 listed as loader", "source": "intel", "ref": "list 14"},
    {"claim": "The user was on holiday"},
]


def _chromium() -> str | None:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def aside(call: Callable[[], Result]) -> Result:
    """Run database work beside the browser: Playwright holds an event loop in the test's own thread."""

    def work() -> Result:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


class Browsers:
    """Opens pages as people; every page collects what it complains about."""

    def __init__(self, executable: str, server: WebServer, stack: contextlib.ExitStack) -> None:
        self.server = server
        self.complaints: list[str] = []
        self._executable = executable
        self._stack = stack

    @cached_property
    def browser(self) -> Browser:
        """Started with the first page: from then on the test's thread may not touch the database itself."""
        playwright = self._stack.enter_context(sync_playwright())
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        return self._stack.enter_context(playwright.chromium.launch(executable_path=self._executable, args=arguments))

    def context(self, user: User | None = None, **options: Any) -> BrowserContext:
        """Return a browser context with the person's session cookie."""
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = self.browser.new_context(base_url=self.server.origin, **options)
        if user is not None:
            name, value = aside(lambda: session_cookie(user)).split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": self.server.origin}])
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", self._listen)
        return context

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def page(self, user: User | None = None, **options: Any) -> Page:
        """Return a fresh page of that person."""
        return self.context(user, **options).new_page()

    def logged_in(self, user: User, **options: Any) -> Page:
        """Return a page of a person who has just logged in through the form: fresh enough for strict levels."""
        page = self.page(**options)
        page.goto("/accounts/login/?next=/queue/")
        page.get_by_label("User name").fill(user.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/queue/")
        return page


@pytest.fixture
def web(transactional_db: None, service_env: Mapping[str, str]) -> Iterator[WebServer]:
    """The product, serving the rows that the test has committed."""
    with web_server(service_env) as server:
        yield server


@pytest.fixture
def browsers(web: WebServer) -> Iterator[Browsers]:
    """Chromium, or a skip that says why; with CI=true a failure."""
    path = _chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("no Chromium on this machine")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with contextlib.ExitStack() as stack:
        yield Browsers(path, web, stack)


@pytest.fixture
def proposed(proposed: Propose) -> Propose:
    """Propose as everywhere, with reasons and evidence for the page to show."""

    def make(*args: Any, **more: Any) -> PendingAction:
        return proposed(*args, **{"reasoning": REASONING, "confidence": 0.82, "evidence": EVIDENCE, **more})

    return make


@pytest.fixture
def shots() -> Path | None:
    """Where screenshots go, if anybody wants them (COUNTERSIGN_SHOTS)."""
    folder = os.environ.get("COUNTERSIGN_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder) if folder else None
