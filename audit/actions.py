"""Registered action names: an entry with an unknown name fails its transaction."""

import re
import string
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}")
_UNKNOWN = "{actor} did “{action}” to {object}"
_MISSING = "–"

SENTENCES: dict[str, str] = {}


class UnregisteredActionError(LookupError):
    """No app has registered this action name, so the change that wanted to record it must not happen."""


def register(name: str, sentence: str) -> None:
    """Register `name` ("app.object.verb_in_past") with a format string over the entry's fields.

    Fields: {actor} {role} {action} {object} {object_type} {object_id} {reason}, and {before[x]} {after[x]}.
    Raises ValueError for a malformed name, or for a second, different sentence under the same name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not an action name such as 'approvals.action.decided'")
    if SENTENCES.get(name, sentence) != sentence:
        raise ValueError(f"{name!r} is registered twice with different sentences")
    _FORMATTER.vformat(sentence, (), {})  # unbalanced braces fail here, at the start, and not on a reader's page
    SENTENCES[name] = sentence


def require(name: str) -> None:
    """Raise UnregisteredActionError unless `name` is registered."""
    if name not in SENTENCES:
        raise UnregisteredActionError(f"the audit action {name!r} is not registered; nothing was changed")


def sentence(body: Mapping[str, Any]) -> str:
    """Return what happened as one sentence. Never raises: a field the entry lacks is shown as a dash."""
    actor, target = _mapping(body.get("actor")), _mapping(body.get("object"))
    fields = {
        "actor": actor.get("name") or actor.get("id"),
        "role": actor.get("role"),
        "action": body.get("action"),
        "object": target.get("label") or target.get("id"),
        "object_type": target.get("type"),
        "object_id": target.get("id"),
        "reason": body.get("reason"),
        "before": _mapping(body.get("before")),
        "after": _mapping(body.get("after")),
    }
    return _FORMATTER.vformat(SENTENCES.get(str(body.get("action")), _UNKNOWN), (), fields)


class _Lenient(string.Formatter):
    """str.format over plain dictionaries; what is missing becomes a dash, and attributes are never read."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        first, *keys = [part for part in re.split(r"[\[\].]", field_name) if part]
        value: Any = kwargs.get(first)
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value, first

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        return value

    def format_field(self, value: Any, format_spec: str) -> str:
        return _MISSING if value is None or value == "" else str(value)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_FORMATTER = _Lenient()
