"""From an entry to the object it speaks of: the app that owns a kind of object registers where it is shown."""

from collections.abc import Callable

_LINKS: dict[str, Callable[[str], str | None]] = {}


def register(object_type: str, url: Callable[[str], str | None]) -> None:
    """Have `url(object_id)` give the page of an object, or None; the page itself checks who may see it."""
    _LINKS[object_type] = url


def url_of(object_type: str, object_id: str) -> str | None:
    """Return the page of an object, or None where no app shows such objects."""
    find = _LINKS.get(object_type)
    return find(object_id) if find and object_id else None
