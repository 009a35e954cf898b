"""From any payload to one typed record: detect the format, read it, and never raise.

>>> normalize({"event_type": "alert", "alert": {"signature": "x", "severity": 1}}).severity_score
8.0
"""

import datetime as dt
import logging
from dataclasses import replace
from typing import Any

import msgspec

from incidents.normalize import generic, line_xml, match_record, unwrap
from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import pick
from incidents.normalize.record import MAX_ENTITIES, EntityRef, NormalAlert
from incidents.normalize.registry import ALIASES, READERS, known

__all__ = ["FORMATS", "EntityRef", "NormalAlert", "detect", "normalize"]

logger = logging.getLogger(__name__)

AUTO = "auto"
#: What a sender may name; `auto` detects.
FORMATS = (AUTO, match_record.FORMAT, *READERS, generic.LINE_FORMAT, generic.FORMAT)
#: Members that may stand beside a log line without saying anything about its shape.
_AROUND_A_LINE = frozenset({"message", "@timestamp", "@version", "event.original", "event", "host", "path", "tags"})
_MAX_NESTING = 3


def detect(payload: Any) -> str:
    """Return the name of the format, `generic` for an object of no known shape, `log_line` for a text."""
    return _find(payload)[0]


def _find(payload: Any) -> tuple[str, Any, list[Any]]:
    """Return the format, the record itself (out of its wrapper), and further records beside it."""
    if isinstance(payload, str) or _line_of(payload) is not None:
        return generic.LINE_FORMAT, payload, []
    if isinstance(payload, list):
        payload = {"value": payload}
    if not isinstance(payload, dict):
        return generic.FORMAT, payload, []
    if match_record.looks_like(payload):
        return match_record.FORMAT, payload, []
    hit = payload.get("_source")
    name = known(hit) if isinstance(hit, dict) else known(payload)
    if name:
        return name, payload, []
    found = unwrap.inside(payload, known)
    if found is not None:
        return found.format, found.record, found.others
    rows = unwrap.page(payload)
    return (generic.FORMAT, rows[0], rows[1:]) if rows else (generic.FORMAT, payload, [])


def normalize(
    payload: Any,
    *,
    format: str = AUTO,  # noqa: A002 - the contract's word
    reference: dt.datetime | None = None,
) -> NormalAlert:
    """Return the record of any payload. `reference` is when it arrived: it gives years that log lines leave out.

    A format that is unknown, or known and half-broken, is read as `generic`, and a note says so. Never raises.
    """
    wanted = ALIASES.get(format, format)
    notes: list[str] = []
    if wanted not in FORMATS:
        notes.append(f"There is no reader for the format {wanted[:64]!r}; it was detected instead.")
        wanted = AUTO
    try:
        name, inner, others = _find(payload)
    except RecursionError:
        name, inner, others = generic.FORMAT, payload, []
    if wanted not in {AUTO, name} and name != match_record.FORMAT:
        name, inner, others = wanted, payload, []
    try:
        record = _read(name, inner, reference, 0)
        record = _with_others(record, others, reference) if others else record
    except Exception as error:  # noqa: BLE001 - whatever a sender wrote, the alert is kept; the note names what broke
        logger.warning("normalize.half_broken", extra={"format": name, "error": type(error).__name__})
        notes.append(f"The payload is no whole {name} record ({type(error).__name__}); only what is plain was read.")
        record = _plain(payload)
    return replace(record, notes=(*notes, *record.notes)) if notes else record


def _with_others(record: NormalAlert, others: list[Any], reference: dt.datetime | None) -> NormalAlert:
    """A page of several records is one alert: the first one's, with the entities of all."""
    entities = {(ref.type, ref.value.casefold()): ref for ref in record.entities}
    for other in others[: unwrap.MAX_OTHERS]:
        for ref in _read_inner(other, reference, 1).entities:
            entities.setdefault((ref.type, ref.value.casefold()), ref)
    note = f"The payload holds {len(others) + 1} records; title, time and severity are those of the first."
    return replace(record, entities=tuple(entities.values())[:MAX_ENTITIES], notes=(*record.notes, note))


def _read(name: str, payload: Any, reference: dt.datetime | None, depth: int) -> NormalAlert:
    if name == match_record.FORMAT and isinstance(payload, dict):
        return match_record.normalize(payload, lambda event: _read_inner(event, reference, depth + 1))
    line = payload if isinstance(payload, str) else _line_of(payload) if name == generic.LINE_FORMAT else None
    if line is not None:
        return _read_text(line, reference, depth)
    if not isinstance(payload, dict):
        return generic.normalize({"value": payload})
    if name in READERS:
        return READERS[name][1](payload)
    return generic.normalize(payload)


def _read_inner(payload: Any, reference: dt.datetime | None, depth: int) -> NormalAlert:
    if depth > _MAX_NESTING:
        return generic.normalize({"value": None})
    name, inner, _ = _find(payload)
    return _read(name, inner, reference, depth)


def _read_text(text: str, reference: dt.datetime | None, depth: int) -> NormalAlert:
    """A text may hold a JSON object, bare or behind a syslog header's end; anything else is a log line."""
    event = line_xml.windows_event(text) if "<Event" in text[:600] else None
    if event is not None:
        return READERS["windows_event"][1](event)
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
