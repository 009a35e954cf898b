"""From any payload to one typed record: detect the format, read it, and never raise.

>>> normalize({"event_type": "alert", "alert": {"signature": "x", "severity": 1}}).severity_score
8.0
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from incidents.normalize import ait, elastic, generic, match_record, suricata, wazuh, windows
from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import pick
from incidents.normalize.record import EntityRef, NormalAlert

__all__ = ["FORMATS", "EntityRef", "NormalAlert", "detect", "normalize"]

logger = logging.getLogger(__name__)

AUTO = "auto"
#: In the order in which they are tried; the more particular shape first.
_READERS: dict[str, tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], NormalAlert]]] = {
    wazuh.FORMAT: (wazuh.looks_like, wazuh.normalize),
    suricata.FORMAT: (suricata.looks_like, suricata.normalize),
    elastic.FORMAT: (elastic.looks_like, elastic.normalize),
    windows.FORMAT: (windows.looks_like, windows.normalize),
    ait.FORMAT: (ait.looks_like, ait.normalize),
}
#: What a sender may name; `auto` detects.
FORMATS = (AUTO, match_record.FORMAT, *_READERS, generic.LINE_FORMAT, generic.FORMAT)
_ALIASES = {"suricata": suricata.FORMAT, "ecs": elastic.FORMAT, "sysmon": windows.FORMAT, "windows": windows.FORMAT}
#: Members that may stand beside a log line without saying anything about its shape.
_AROUND_A_LINE = frozenset({"message", "@timestamp", "@version", "event.original", "event", "host", "path", "tags"})
_MAX_NESTING = 3


def detect(payload: Any) -> str:
    """Return the name of the format, `generic` for an object of no known shape, `log_line` for a text."""
    if isinstance(payload, str) or _line_of(payload) is not None:
        return generic.LINE_FORMAT
    if not isinstance(payload, dict):
        return generic.FORMAT
    if match_record.looks_like(payload):
        return match_record.FORMAT
    inner = payload.get("_source")
    inner = inner if isinstance(inner, dict) else payload
    return next((name for name, (looks_like, _) in _READERS.items() if looks_like(inner)), generic.FORMAT)


def normalize(
    payload: Any,
    *,
    format: str = AUTO,  # noqa: A002 - the contract's word
    reference: dt.datetime | None = None,
) -> NormalAlert:
    """Return the record of any payload. `reference` is when it arrived: it gives years that log lines leave out.

    A format that is unknown, or known and half-broken, is read as `generic`, and a note says so. Never raises.
    """
    wanted = _ALIASES.get(format, format)
    notes: list[str] = []
    if wanted not in FORMATS:
        notes.append(f"There is no reader for the format {wanted[:64]!r}; it was detected instead.")
        wanted = AUTO
    name = _named(wanted, payload)
    try:
        record = _read(name, payload, reference, 0)
    except Exception as error:  # noqa: BLE001 - whatever a sender wrote, the alert is kept; the note names what broke
        logger.warning("normalize.half_broken", extra={"format": name, "error": type(error).__name__})
        notes.append(f"The payload is no whole {name} record ({type(error).__name__}); only what is plain was read.")
        record = _plain(payload)
    return replace(record, notes=(*notes, *record.notes)) if notes else record


def _named(wanted: str, payload: Any) -> str:
    """A sender names the format of the event; a match record around it is still one."""
    if wanted == AUTO or (isinstance(payload, dict) and match_record.looks_like(payload)):
        return detect(payload)
    return wanted


def _read(name: str, payload: Any, reference: dt.datetime | None, depth: int) -> NormalAlert:
    if name == match_record.FORMAT and isinstance(payload, dict):
        return match_record.normalize(payload, lambda event: _read_inner(event, reference, depth + 1))
    line = payload if isinstance(payload, str) else _line_of(payload) if name == generic.LINE_FORMAT else None
    if line is not None:
        return _read_text(line, reference, depth)
    if not isinstance(payload, dict):
        return generic.normalize({"value": payload})
    if name in _READERS:
        return _READERS[name][1](payload)
    return generic.normalize(payload)


def _read_inner(payload: Any, reference: dt.datetime | None, depth: int) -> NormalAlert:
    if depth > _MAX_NESTING:
        return generic.normalize({"value": None})
    return _read(detect(payload), payload, reference, depth)


def _read_text(text: str, reference: dt.datetime | None, depth: int) -> NormalAlert:
    """A text may hold a JSON object, bare or behind a syslog header's end; anything else is a log line."""
    start = text.find("{")
    if 0 <= start < 400 and text.rstrip().endswith("}"):
        try:
            inner = msgspec.json.decode(text[start:])
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            inner = None
        if isinstance(inner, dict):
            return _read_inner(inner, reference, depth + 1)
    return generic.normalize_line(text, reference=reference)


def _line_of(payload: Any) -> str | None:
    """Return the log line of an object that holds little else: `message`, or ECS's `event.original`."""
    if not isinstance(payload, dict) or not _AROUND_A_LINE.issuperset(payload):
        return None
    event = payload.get("event")
    if event is not None and not (isinstance(event, dict) and set(event) <= {"original"}):
        return None
    for path in ("event.original", "message"):
        text = pick(payload, path)
        if isinstance(text, str) and text.strip():
            return text
    return None


def _plain(payload: Any) -> NormalAlert:
    """The last resort reads nothing but the top level's texts."""
    members = payload if isinstance(payload, dict) else {"message": payload}
    texts = [value for value in members.values() if isinstance(value, str)]
    title = next((members[name] for name in ("title", "name", "message") if isinstance(members.get(name), str)), None)
    return assemble(name=generic.FORMAT, titles=[title, *texts], entities=Entities())
