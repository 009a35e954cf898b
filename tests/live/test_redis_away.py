"""Redis dies, hangs and comes back: decisions go on, the page says so, and nothing is lost."""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from live import pointers
from soc.supervisor.redis import redis_server
from soc.supervisor.runtime import invoking_account, new_runtime_directory, private_directory
from tests.databases import server_environment
from tests.live.conftest import Desk, Page, announce, open_socket
from tests.servers import WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class MortalRedis:
    """A Redis of one test, which may be killed and started again at the same place."""

    def __init__(self) -> None:
        account = invoking_account()
        self.home = new_runtime_directory()
        self._server = redis_server(private_directory(self.home / "rd", account), account, free_port=0)
        self.url = self._server.url
        self.start()

    def start(self) -> None:
        """Start it and wait for its answer."""
        self.process = subprocess.Popen(self._server.command, env={"PATH": os.environ["PATH"]})
        while not self._server.answers():
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer does it."""
        self.process.kill()
        self.process.wait()

    def subscribers(self) -> int:
        """Count the live subscriptions of all web processes."""
        with redis.Redis.from_url(self.url) as client:
            return sum(int(client.pubsub_numsub(name)[0][1]) for name in client.pubsub_channels("countersign:live:*"))


@pytest.fixture
def mortal_redis(settings: Settings) -> Iterator[MortalRedis]:
    """The Redis of this test's publisher and server."""
    server = MortalRedis()
    settings.REDIS_URL = server.url
    pointers.forget_outage()
    yield server
    with contextlib.suppress(ProcessLookupError):
        server.process.send_signal(signal.SIGCONT)
    server.kill()
    shutil.rmtree(server.home, ignore_errors=True)
    pointers.forget_outage()


@pytest.fixture
def own_server(transactional_db: None, mortal_redis: MortalRedis) -> Iterator[WebServer]:
    """A web process on that Redis."""
    env = server_environment() | {"COUNTERSIGN_REDIS_URL": mortal_redis.url}
    with web_server(env, application="tests.live.asgi:application") as server:
        yield server


@pytest.mark.slow
def test_killing_redis_is_shown_and_loses_nothing(soc: Desk, own_server: WebServer, mortal_redis: MortalRedis) -> None:
    with open_socket(own_server, soc.person) as socket:
        page = Page(socket).read_until_hello()
        assert page.hello["live"] == "on"
        mortal_redis.kill()
        assert page.read(3) == {"live": "off"}
        missed = [announce(soc.team, board=str(number)) for number in range(5)]
        with open_socket(own_server, soc.person) as newcomer:
            assert Page(newcomer).read_until_hello().hello["live"] == "off"
        mortal_redis.start()
        back = page.read_until("live", "on")
        assert [message["event"] for message in back if "event" in message] == missed
        event = announce(soc.team, board="after")
        assert (page.read() or {})["event"] == event


def test_a_process_has_one_subscription_for_all_its_sockets(
    soc: Desk, own_server: WebServer, mortal_redis: MortalRedis
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            Page(stack.enter_context(open_socket(own_server, soc.person))).read_until_hello()
        assert mortal_redis.subscribers() == 1


@pytest.mark.parametrize("way", ["dead", "hanging"])
def test_publishing_neither_fails_nor_tries_again_at_once(
    soc: Desk, mortal_redis: MortalRedis, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    announce(soc.team)
    if way == "dead":
        mortal_redis.kill()
    else:
        mortal_redis.process.send_signal(signal.SIGSTOP)
    caplog.set_level(logging.INFO, logger="live.pointers")
    tried = [pointers.send(pointers.Pointer(number, "k", "board", "b", 1)) for number in range(50)]
    assert not any(tried)
    assert [record.message for record in caplog.records] == ["live.pointer_lost"]


def test_only_one_of_many_threads_finds_out_that_redis_is_still_away(mortal_redis: MortalRedis) -> None:
    mortal_redis.process.send_signal(signal.SIGSTOP)
    pointer = pointers.Pointer(1, "k", "board", "b", 1)
    pointers.send(pointer)
    time.sleep(pointers.PAUSE_SECONDS)
    waited: list[float] = []

    def send() -> None:
        began = time.monotonic()
        pointers.send(pointer)
        waited.append(time.monotonic() - began)

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seconds > pointers.ANSWER_SECONDS * 0.9 for seconds in waited) == 1


def test_after_an_outage_pointers_are_sent_again(mortal_redis: MortalRedis) -> None:
    pointer = pointers.Pointer(1, "k", "board", "b", 1)
    mortal_redis.kill()
    assert not pointers.send(pointer)
    mortal_redis.start()
    time.sleep(pointers.PAUSE_SECONDS)
    assert pointers.send(pointer)
