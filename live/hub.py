"""The hub: one per web process (and event loop). Pointers in, each socket's messages out.

What comes through Redis is only the fast way. Every LOOK_SECONDS the hub asks the database which events became
visible since its last look, so a lost pointer, a restarted Redis and a transaction that committed late all end on
the page. Nothing is sent before the sessions were asked again (`live.delivery`).
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.db import InterfaceError, OperationalError

from live.delivery import Answer, Close, Seat, compose
from live.listener import Listener
from live.member import Member
from live.pointers import Pointer
from live.rendering import Message
from live.selectors import snapshot_now, unseen
from live.threads import while_delivering

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
CHECK_SECONDS = 3.0
RETRY_SECONDS = 1.0
FIRST_TRY_SECONDS = 1.0
#: One change goes out at once; when there were QUICK deliveries within a second the next waits and takes more along.
QUICK = 4
COALESCE_SECONDS = 0.15
BATCH = 100
REMEMBERED_EVENTS = 10_000
SOCKETS_PER_PERSON = 20

LIVE_OFF = Message('{"live": "off"}')
LIVE_ON = Message('{"live": "on"}')


class Hub:
    """Joins Redis, the rows and the sockets of one event loop."""

    _of_loop: ClassVar["WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]"] = WeakKeyDictionary()

    def __init__(self) -> None:
        self.is_live = False
        self._members: set[Member] = set()
        self._pending: dict[tuple[str, str], Pointer] = {}
        self._known: OrderedDict[int, None] = OrderedDict()
        self._snapshot: str | None = None
        self._looking = asyncio.Lock()
        self._delivering = asyncio.Lock()
        self._news = asyncio.Event()
        self._first_try = asyncio.Event()
        self._deliveries: deque[float] = deque(maxlen=QUICK)
        self._is_database_away = False
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def here(cls) -> "Hub":
        """Return the running loop's hub, started when first asked for."""
        loop = asyncio.get_running_loop()
        if loop not in cls._of_loop:
            cls._of_loop[loop] = cls()
            cls._of_loop[loop]._start()
        return cls._of_loop[loop]

    def _start(self) -> None:
        listener = Listener(on_pointer=self._take, on_up=self._on_up, on_down=self._on_down)
        jobs: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
            listener.run,
            self._look_for_ever,
            self._deliver_for_ever,
            self._check_for_ever,
        )
        self._tasks = [asyncio.create_task(_keep_going(job), name=f"live.{job.__name__}") for job in jobs]

    # --- sockets ------------------------------------------------------------------------------
    async def join(self, member: Member) -> bool:
        """Seat a socket; False when its person has SOCKETS_PER_PERSON already. Raises OperationalError."""
        if not self._first_try.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._first_try.wait(), FIRST_TRY_SECONDS)
        if self._snapshot is None:
            snapshot = await while_delivering(snapshot_now)
            if self._snapshot is None:  # Nobody else was quicker while we waited.
                self._snapshot = snapshot
        held = Counter(each.user_id for each in self._members)
        if held[member.user_id] >= SOCKETS_PER_PERSON:
            return False
        self._members.add(member)
        return True

    def leave(self, member: Member) -> None:
        """Give the seat back. Without sockets nothing is remembered: who comes next asks the rows itself."""
        self._members.discard(member)
        if not self._members:
            self._snapshot = None
            self._pending.clear()
            self._known.clear()

    def _tell_all(self, message: Message) -> None:
        for member in self._members:
            member.offer([message])

    # --- what comes in ------------------------------------------------------------------------
    def _take(self, pointer: Pointer) -> None:
        if pointer.event in self._known or not self._members:
            return
        self._known[pointer.event] = None
        if len(self._known) > REMEMBERED_EVENTS:
            self._known.popitem(last=False)
        waiting = self._pending.get(pointer.subject)
        if waiting is None or waiting.event < pointer.event:
            self._pending[pointer.subject] = pointer
        self._news.set()

    async def _look(self) -> None:
        async with self._looking:
            if self._snapshot is None:
                return
            snapshot, pointers = await while_delivering(unseen, self._snapshot)
            if self._members:
                self._snapshot = snapshot
                for pointer in pointers:
                    self._take(pointer)

    async def _on_up(self) -> None:
        try:
            await self._look()
            await self._deliver()
        except (OperationalError, InterfaceError) as error:
            self._note_database(error)
        self.is_live = True
        self._first_try.set()
        self._tell_all(LIVE_ON)

    def _on_down(self) -> None:
        if self.is_live:
            self._tell_all(LIVE_OFF)
        self.is_live = False
        self._first_try.set()

    # --- what goes out ------------------------------------------------------------------------
    async def _deliver(self) -> None:
        """Send what waits, in order of event. What cannot be sent because the database is away waits on."""
        async with self._delivering:
            while batch := sorted(self._pending.values(), key=lambda each: each.event)[:BATCH]:
                for pointer in batch:
                    del self._pending[pointer.subject]
                try:
                    await self._send(batch)
                except (OperationalError, InterfaceError):
                    for pointer in batch:
                        self._pending.setdefault(pointer.subject, pointer)
                    raise
                self._deliveries.append(time.monotonic())

    async def _send(self, batch: list[Pointer]) -> None:
        seated: dict[Seat, list[Member]] = {}
        for member in self._members:
            seated.setdefault(member.seat, []).append(member)
        loop = asyncio.get_running_loop()

        def hand_over(seat: Seat, answer: Answer) -> None:
            loop.call_soon_threadsafe(_give, seated[seat], answer)

        await while_delivering(compose, seated, batch, hand_over)
        self._note_database(None)

    async def _pause_when_many(self) -> None:
        now = time.monotonic()
        if len(self._deliveries) == QUICK and now - self._deliveries[0] < 1:
            await asyncio.sleep(max(0.0, self._deliveries[-1] + COALESCE_SECONDS - now))

    # --- for ever -----------------------------------------------------------------------------
    async def _deliver_for_ever(self) -> None:
        while True:
            await self._news.wait()
            await self._pause_when_many()
            self._news.clear()
            try:
                await self._deliver()
            except (OperationalError, InterfaceError) as error:
                self._note_database(error)
                self._news.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except (OperationalError, InterfaceError) as error:
                self._note_database(error)

    async def _check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            now = time.monotonic()
            for member in self._members:
                if now > member.ends_at:
                    member.end(Close.RESTART)
            try:
                await self._send([])
            except (OperationalError, InterfaceError) as error:
                self._note_database(error)

    def _note_database(self, error: Exception | None) -> None:
        """Log an outage once and its end once."""
        if error is not None and not self._is_database_away:
            logger.warning("live.database_away", extra={"error": type(error).__name__})
        if error is None and self._is_database_away:
            logger.info("live.database_back")
        self._is_database_away = error is not None


def _give(members: list[Member], answer: Answer) -> None:
    for member in members:
        if isinstance(answer, Close):
            member.end(answer)
        else:
            member.offer(answer)


async def _keep_going(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a job that never ends; an error nobody foresaw is logged and the job begins again."""
    while True:
        try:
            await job()
        except Exception:
            logger.exception("live.job_failed", extra={"job": job.__name__})
            await asyncio.sleep(RETRY_SECONDS)
