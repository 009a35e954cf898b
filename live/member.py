"""One socket's place in the hub: a short queue. Who reads too slowly loses the queue, not the changes."""

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Iterable

from live.delivery import Close, Seat
from live.rendering import Message

QUEUE_LENGTH = 64
#: Daphne ends a socket after an hour with code 1000, after which no page comes back: we end it first, with RESTART.
LIFETIME_SECONDS = 3300
LIFETIME_SPREAD_SECONDS = 240
REMEMBERED_OBJECTS = 512


class Member:
    """What the hub has for one socket. Used by one event loop only."""

    def __init__(self, seat: Seat, user_id: object) -> None:
        self.seat = seat
        self.user_id = user_id
        self.last_event = 0
        self.ending: Close | None = None
        self.has_gap = False
        self.ends_at = time.monotonic() + LIFETIME_SECONDS + secrets.randbelow(LIFETIME_SPREAD_SECONDS)
        self._queue: deque[Message] = deque()
        self._news = asyncio.Event()
        self._sent: OrderedDict[tuple[str, str], int] = OrderedDict()

    def offer(self, messages: Iterable[Message]) -> None:
        """Queue messages. When the queue is full it is emptied and the socket catches up from the rows."""
        for message in messages:
            if len(self._queue) >= QUEUE_LENGTH:
                self._queue.clear()
                self.has_gap = True
            if not self.has_gap:
                self._queue.append(message)
            self._news.set()

    def end(self, code: Close) -> None:
        """Have the socket closed; nothing that waits is sent any more."""
        self.ending = self.ending or code
        self._queue.clear()
        self._news.set()

    async def news(self) -> Message | None:
        """Wait for a message; None when the socket is to end or to catch up."""
        await self._news.wait()
        if self._queue and not self.ending and not self.has_gap:
            return self._queue.popleft()
        if not self.ending and not self.has_gap:
            self._news.clear()
            return await self.news()
        return None

    def mark_caught_up(self) -> None:
        """Go on with the queue after a gap was filled."""
        self.has_gap = False

    def is_outdated(self, message: Message) -> bool:
        """Say whether a newer revision of the same object has gone out; remember this one otherwise."""
        if message.pointer is None:
            return False
        subject, revision = message.pointer.subject, message.pointer.revision
        if revision < self._sent.get(subject, revision):
            return True
        self._sent[subject] = revision
        self._sent.move_to_end(subject)
        if len(self._sent) > REMEMBERED_OBJECTS:
            self._sent.popitem(last=False)
        self.last_event = max(self.last_event, message.pointer.event)
        return False


class Allowance:
    """How many bytes a socket is sent: Daphne buffers without end for a browser that does not read."""

    def __init__(self, *, at_once: int = 512 * 1024, per_second: int = 64 * 1024) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._left = float(at_once)
        self._since = time.monotonic()

    def spend(self, size: int) -> None:
        """Take `size` bytes; the account may go below zero."""
        self._refill()
        self._left -= size

    def wait_seconds(self) -> float:
        """Return how long until something may be sent again."""
        self._refill()
        return max(0.0, -self._left / self._per_second)

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._at_once, self._left + (now - self._since) * self._per_second)
        self._since = now
