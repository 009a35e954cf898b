"""The body of an entry: only JSON, only named fields, only text that PostgreSQL and a reader can take."""

import json
import math
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from audit.actors import Actor
from audit.context import RequestContext

#: Longest text of one field, in characters; what is cut says so.
MOST_TEXT = 2_000
MOST_REASON = 4_000
MOST_NAME = 200
MOST_LABEL = 300
MOST_FIELDS = 60
MOST_ITEMS = 100
MOST_DEPTH = 4
#: Above this many characters of JSON the longest fields are cut; the database refuses 256 KiB.
MOST_JSON = 64_000

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}")
#: Names that promise a secret: an audit trail is read by many and kept for ever.
_SECRET = frozenset({"password", "secret", "token", "token_hash", "api_key", "private_key", "session_key", "cookie"})
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def build(
    *,
    action: str,
    actor: Actor,
    object_type: str,
    object_id: str,
    object_label: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    reason: str,
    team_id: str,
    origin: RequestContext,
) -> dict[str, Any]:
    """Return the body without seq and at, which the database sets.

    Raises ValueError or TypeError for a field that is no named value; both are faults of the calling code.
    """
    return {
        "action": action,
        "actor": {
            "kind": actor.kind,
            "id": clean(actor.id, MOST_NAME),
            "name": clean(actor.name, MOST_NAME),
            "role": clean(actor.role, MOST_NAME),
        },
        "object": {
            "type": clean(object_type, MOST_NAME),
            "id": clean(object_id, MOST_NAME),
            "label": clean(object_label, MOST_LABEL),
        },
        "before": _bounded(fields(before)),
        "after": _bounded(fields(after)),
        "reason": clean(reason, MOST_REASON),
        "team_id": clean(team_id, MOST_NAME),
        "request": {
            "id": clean(origin.request_id, MOST_NAME),
            "ip": clean(origin.ip, MOST_NAME),
            "auth": clean(origin.auth, MOST_NAME),
        },
    }


def clean(value: object, most: int = MOST_TEXT) -> str:
    """Return text without what jsonb refuses (NUL, lone surrogates: shown as U+FFFD), cut visibly at `most`."""
    text = _UNSTORABLE.sub("\ufffd", str(value))
    if len(text) <= most:
        return text
    mark = f"… [cut, {len(text)} characters]"
    return text[: most - len(mark)] + mark


def fields(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return named fields with JSON values.

    Raises ValueError for a name that is none or promises a secret, TypeError for a value without a JSON form.
    """
    if not values:
        return {}
    if len(values) > MOST_FIELDS:
        raise ValueError(f"{len(values)} fields in one audit entry; at most {MOST_FIELDS}")
    for name in values:
        if not _FIELD.fullmatch(name):
            raise ValueError(f"{name!r} is not a field name for an audit entry")
        if name.lower() in _SECRET:
            raise ValueError(f"the field {name!r} promises a secret; audit entries hold none")
    return {name: _value(value, MOST_DEPTH) for name, value in values.items()}


def _bounded(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values`, with every long field replaced by a note where all of them together are too much."""
    sizes = {name: len(json.dumps(value, ensure_ascii=False)) for name, value in values.items()}
    if sum(sizes.values()) <= MOST_JSON // 2:
        return values
    return {
        name: value if sizes[name] <= 500 else f"… [cut, {sizes[name]} characters]" for name, value in values.items()
    }


def _value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _value(value.value, depth)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _nested(value, depth)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return value if abs(value) < 2**63 else clean(value)
    if isinstance(value, float):
        # JSON has neither infinity nor NaN, and PostgreSQL spells 1e-07 in its own way: as text all three keep their
        # spelling, so that an exported line hashes to the same value anywhere.
        return value if math.isfinite(value) and "e" not in repr(value) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    # lazy translations and SafeString subclasses are str; a model instance or a byte string is a mistake
    raise TypeError(f"{type(value).__name__} has no place in an audit entry; name the fields that matter")


def _nested(value: Any, depth: int) -> Any:
    if depth == 0:
        return "… [nested too deeply]"
    if isinstance(value, Mapping):
        items = list(value.items())
        inner = {clean(key, MOST_NAME): _value(item, depth - 1) for key, item in items[:MOST_FIELDS]}
        if len(items) > MOST_FIELDS:
            inner["…"] = f"[cut, {len(items)} fields]"
        return inner
    ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
    listed = [_value(item, depth - 1) for item in ordered[:MOST_ITEMS]]
    return [*listed, f"… [cut, {len(ordered)} items]"] if len(ordered) > MOST_ITEMS else listed
