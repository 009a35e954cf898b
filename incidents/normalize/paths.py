"""Reading paths out of payloads whose keys may be nested, dotted, or both in one document."""

from collections.abc import Iterator
from typing import Any

MAX_LEAVES = 4000
MAX_WALK_DEPTH = 24


def pick(payload: Any, path: str) -> Any:
    """Return the value at `path` ("a.b.c"), whether it is written nested, dotted or mixed; None when absent.

    >>> pick({"kibana.alert.rule": {"name": "x"}}, "kibana.alert.rule.name")
    'x'
    """
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    if not isinstance(payload, dict):
        return None
    if path in payload:
        return payload[path]
    cut = path.find(".")
    while cut != -1:
        head = path[:cut]
        if head in payload:
            found = pick(payload[head], path[cut + 1 :])
            if found is not None:
                return found
        cut = path.find(".", cut + 1)
    return None


def spread(payload: Any, path: str) -> list[Any]:
    """Return all scalars at a path, lists opened anywhere on it, keys compared without case; at most 64.

    >>> spread({"evidence": [{"ipAddress": "10.0.0.1"}, {"other": 1}]}, "evidence.ipaddress")
    ['10.0.0.1']
    """
    found: list[Any] = []
    _spread(payload, path.lower().split("."), 0, found)
    return found


def _spread(value: Any, steps: list[str], place: int, found: list[Any]) -> None:
    if isinstance(value, list):
        for item in value[:64]:
            if len(found) < 64:
                _spread(item, steps, place, found)
    elif place == len(steps):
        if value is not None and value != "" and not isinstance(value, dict):
            found.append(value)
    elif isinstance(value, dict):
        lower = {str(key).lower(): item for key, item in value.items()}
        for end in range(place + 1, len(steps) + 1):
            key = ".".join(steps[place:end])
            if key in lower:
                _spread(lower[key], steps, end, found)


def objects(payload: Any, path: str) -> list[dict[str, Any]]:
    """Return the objects in the list (or the one object) at a path, at most 64."""
    value = pick(payload, path) if path else payload
    items = value if isinstance(value, list) else [value]
    return [item for item in items[:64] if isinstance(item, dict)]


def first(payload: Any, *paths: str) -> Any:
    """Return the first value present that is not empty; of a list, its first scalar."""
    for path in paths:
        value = pick(payload, path)
        if isinstance(value, list):
            value = next((item for item in value if not isinstance(item, dict | list)), None)
        if value is not None and value != "" and not isinstance(value, dict):
            return value
    return None


def every(payload: Any, *paths: str) -> Iterator[Any]:
    """Yield all scalars at the paths, lists opened."""
    for path in paths:
        value = pick(payload, path)
        if isinstance(value, list):
            yield from (item for item in value[:64] if not isinstance(item, dict | list))
        elif value is not None and not isinstance(value, dict):
            yield value


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def leaves(payload: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield (parent key, key, scalar) for every leaf, breadth by breadth, at most MAX_LEAVES of them.

    Keys of list items are those of the list. Iterative: depth is the sender's choice, the stack is ours.
    """
    queue: list[tuple[str, str, Any, int]] = [("", "", payload, 0)]
    seen = 0
    for parent, key, value, depth in queue:
        if isinstance(value, dict):
            if depth < MAX_WALK_DEPTH and len(queue) < MAX_LEAVES:
                queue.extend((key, str(name), item, depth + 1) for name, item in value.items())
        elif isinstance(value, list):
            if depth < MAX_WALK_DEPTH and len(queue) < MAX_LEAVES:
                queue.extend((parent, key, item, depth + 1) for item in value)
        elif value is not None:
            seen += 1
            yield parent, key, value
            if seen >= MAX_LEAVES:
                return
