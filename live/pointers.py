"""The pointer that tells web processes of a change, and its way through Redis: one channel per database.

A pointer is JSON `{"event", "kind", "object_type", "object_id", "revision", "team"}`: nothing to read for
whoever can read Redis. It goes out as one PUBLISH; whoever misses it finds the row (`live.hub` looks).
"""

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass
from functools import cache

import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

#: Seconds that a commit may wait for Redis to answer, and for how long it is left alone after it did not.
ANSWER_SECONDS = 0.2
PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which object changed, to which revision, and the event that says so. `team` is "" where none owns it."""

    event: int
    kind: str
    object_type: str
    object_id: str
    revision: int
    team: str = ""

    @property
    def subject(self) -> tuple[str, str]:
        """The object that changed: changes of one object replace each other on a page."""
        return self.object_type, self.object_id

    def to_json(self) -> str:
        """Encode it for Redis."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Pointer":
        """Decode what came through Redis; ValueError, TypeError or KeyError for anything else."""
        found = json.loads(text)
        return cls(
            event=int(found["event"]),
            kind=str(found["kind"]),
            object_type=str(found["object_type"]),
            object_id=str(found["object_id"]),
            revision=int(found["revision"]),
            team=str(found.get("team") or ""),
        )


def channel() -> str:
    """Name the channel of this database: test databases share one Redis and must not hear each other."""
    return f"countersign:live:{connection.settings_dict['NAME']}"


class _Circuit:
    """Leaves Redis alone for PAUSE_SECONDS after a failure, and logs an outage once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._is_out = False

    def allows(self) -> bool:
        """Say whether to try. Only one caller per pause finds out for the others."""
        with self._lock:
            now = time.monotonic()
            if now < self._closed_until:
                return False
            if self._is_out:
                self._closed_until = now + PAUSE_SECONDS
            return True

    def failed(self, error: Exception) -> None:
        """Open the pause; the first failure of an outage is logged."""
        with self._lock:
            self._closed_until = time.monotonic() + PAUSE_SECONDS
            first, self._is_out = not self._is_out, True
        if first:
            logger.warning("live.pointer_lost", extra={"error": type(error).__name__})

    def succeeded(self) -> None:
        """End an outage."""
        with self._lock:
            self._closed_until = 0.0
            ended, self._is_out = self._is_out, False
        if ended:
            logger.info("live.pointers_sent_again")


_circuit = _Circuit()


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # A pooled connection may be from before a restart of Redis: once more, but never after a time-out.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def send(pointer: Pointer) -> bool:
    """Publish the pointer; False when Redis is away. Never raises, never takes longer than about 0.3 s."""
    if not _circuit.allows():
        return False
    try:
        _client(settings.REDIS_URL).publish(channel(), pointer.to_json())
    except (redis.RedisError, OSError, ValueError) as error:
        _circuit.failed(error)
        return False
    _circuit.succeeded()
    return True


def forget_outage() -> None:
    """Try Redis again at once, as after a change of its URL."""
    _circuit.succeeded()
