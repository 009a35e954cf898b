"""JSON that a source wrote into a text field: opened, so that its fields are fields too."""

from typing import Any

import msgspec

from incidents.normalize.paths import MAX_LEAVES, leaves

MAX_TEXTS = 16
MAX_TEXT = 64_000


def all_leaves(payload: Any) -> list[tuple[str, str, Any]]:
    """Return the leaves of a payload and of the JSON inside its texts, two layers deep, each key under its parent."""
    found = list(leaves(payload))
    opened = 0
    for parent, key, value in found:
        if len(found) >= MAX_LEAVES or opened >= MAX_TEXTS:
            break
        if isinstance(value, str) and 8 < len(value) <= MAX_TEXT and value[0] in "{[" and value.rstrip()[-1] in "}]":
            inner = _decoded(value)
            if inner is not None:
                opened += 1
                found.extend((above or key or parent, name, item) for above, name, item in leaves(inner))
    return found[:MAX_LEAVES]


def _decoded(text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict | list) else None
