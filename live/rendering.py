"""From pointers to what one viewer is sent. Runs in threads: it asks the database and renders templates."""

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError
from django.template.loader import render_to_string

from live.pointers import Pointer
from live.topics import TOPICS, Topic

logger = logging.getLogger(__name__)

#: More changes than this at once become one sign that says so.
MANY = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One text for a socket, and the change it shows (None: a sign about the connection itself)."""

    text: str
    pointer: Pointer | None = None


class Shelf:
    """Renderings shared by viewers of one class, for a few seconds. Never of topics without a viewer class."""

    def __init__(self, *, keep_seconds: float = 5, room_for: int = 2000) -> None:
        self._keep_seconds = keep_seconds
        self._room_for = room_for
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[float, str | None]] = OrderedDict()

    def look_up(self, key: Hashable) -> tuple[bool, str | None]:
        """Return whether there is a fresh rendering, and it."""
        with self._lock:
            kept = self._found.get(key)
        if kept is None or kept[0] < time.monotonic():
            return False, None
        return True, kept[1]

    def keep(self, key: Hashable, content: str | None) -> None:
        """Put a rendering on the shelf; the oldest makes room."""
        with self._lock:
            self._found[key] = (time.monotonic() + self._keep_seconds, content)
            self._found.move_to_end(key)
            while len(self._found) > self._room_for:
                self._found.popitem(last=False)


_shelf = Shelf()


def messages_for(user: Any, pointers: Iterable[Pointer], wanted: frozenset[str], *, again: bool) -> list[Message]:
    """Render the changes that `user` may see, in order; more than MANY of them become one sign.

    `wanted` names object types, empty for all. `again` marks what the page may have been sent already.
    """
    messages: list[Message] = []
    for pointer in pointers:
        content = _content(user, pointer) if not wanted or pointer.object_type in wanted else None
        if not content:
            continue
        messages.append(_message(pointer, content, again=again))
        if len(messages) > MANY:
            return [_many(pointers, len(messages))]
    return messages


def _content(user: Any, pointer: Pointer) -> str | None:
    topic = TOPICS.get(pointer.object_type)
    if topic is None:
        return None
    try:
        return _shared(topic, user, pointer) if topic.viewer_class else topic.renderer(user, pointer.object_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One topic's broken renderer must not silence the others; the page's own check still finds the change.
        logger.exception(
            "live.render_failed", extra={"object_type": pointer.object_type, "object_id": pointer.object_id}
        )
        return None


def _shared(topic: Topic, user: Any, pointer: Pointer) -> str | None:
    assert topic.viewer_class is not None  # noqa: S101 (the caller asked)
    key = (pointer.object_type, pointer.object_id, pointer.event, topic.viewer_class(user))
    is_kept, content = _shelf.look_up(key)
    if not is_kept:
        content = topic.renderer(user, pointer.object_id)
        _shelf.keep(key, content)
    return content


def _message(pointer: Pointer, content: str, *, again: bool) -> Message:
    envelope = {
        "content": content,
        "event": pointer.event,
        "kind": pointer.kind,
        "object_type": pointer.object_type,
        "object_id": pointer.object_id,
        "revision": pointer.revision,
    }
    if again:
        envelope["again"] = True
    return Message(json.dumps(envelope, separators=(",", ":")), pointer)


def _many(pointers: Iterable[Pointer], count: int) -> Message:
    newest = max(pointer.event for pointer in pointers)
    content = render_to_string("live/many.html", {"more_than": count - 1})
    return Message(json.dumps({"content": content, "kind": "many", "count": count, "event": newest}))
