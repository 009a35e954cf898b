"""Wrappers: what relays, buses and APIs put around a record. Opened only when the outside is of no known format."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from incidents.normalize import line_xml
from incidents.normalize.paths import pick
from incidents.normalize.texts import word_list

MAX_DEPTH = 3
MAX_OTHERS = 32
MAX_TEXT = 256_000
_LISTS = (
    "Records", "records", "value", "findings", "Findings", "detail.findings", "alerts", "events", "response", "data",
    "items", "results", "resources", "hits.hits",
)  # fmt: skip
_OBJECTS = word_list(
    "_source detail alert event payload data body record object object.properties result finding message details "
    "fields json jsonPayload"
)
_TEXTS = (
    "message", "body", "event.original", "_raw", "raw", "@message", "log", "data", "properties.RawXml", "RawXml",
    "raw_xml", "original", "Message",
)  # fmt: skip
#: Beside these a list is the payload's matter; beside others (a title, a host) it belongs to a record.
_AROUND_A_LIST = frozenset(
    word_list("Records records value items results data response events @odata.context @odata.nextLink count next meta")
)


@dataclass(slots=True)
class Inside:
    """What a wrapper held: the record's format, the record, and others beside it."""

    format: str
    record: Any
    others: list[Any] = field(default_factory=list)


def inside(payload: dict[str, Any], known: Callable[[Any], str], depth: int = 0) -> Inside | None:
    """Return the first record of a known format within a payload; of a page of unknown ones, the first."""
    if depth >= MAX_DEPTH:
        return None
    for candidate, others in _candidates(payload):
        name = known(candidate)
        if name:
            return Inside(name, candidate, others)
        deeper = inside(candidate, known, depth + 1)
        if deeper is not None:
            return Inside(deeper.format, deeper.record, [*deeper.others, *others][:MAX_OTHERS])
    return None


def page(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a page around unknown ones (`{"value": [...]}`), empty when it is none."""
    if not payload or not _AROUND_A_LIST.issuperset(payload):
        return []
    lists = [value for value in payload.values() if isinstance(value, list)]
    rows = [row for row in lists[0] if isinstance(row, dict)] if len(lists) == 1 else []
    return rows if rows and len(rows) == len(lists[0]) else []


def _candidates(payload: dict[str, Any]) -> list[tuple[dict[str, Any], list[Any]]]:
    found: list[tuple[dict[str, Any], list[Any]]] = []
    for path in _OBJECTS:
        value = pick(payload, path)
        if isinstance(value, dict):
            found.append((value, []))
    for path in _LISTS:
        value = pick(payload, path)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found.append((value[0], [row for row in value[1 : MAX_OTHERS + 1] if isinstance(row, dict)]))
    for path in _TEXTS:
        value = pick(payload, path)
        opened = opened_text(value) if isinstance(value, str) else None
        if opened is not None:
            found.append((opened, []))
    return found


def opened_text(text: str) -> dict[str, Any] | None:
    """Return the JSON object or the Windows event that a text is, None for any other text."""
    if not 2 < len(text) <= MAX_TEXT:
        return None
    if "<Event" in text[:400]:
        return line_xml.windows_event(text)
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict) else None
