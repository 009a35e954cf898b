"""Settings from the environment: typed, refused when wrong, secrets readable from `NAME_FILE`."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str = "") -> str:
    """Return `name`'s value; `NAME_FILE` names a file that holds it instead.

    Raises ImproperlyConfigured when the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error.strerror})") from error


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no setting. Raises ImproperlyConfigured for any other word."""
    raw = text(name, "1" if default else "0").strip().lower()
    if raw in _TRUE:
        return True
    if raw in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}: {raw!r} is neither yes nor no")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """Return a whole number within [least, most]. Raises ImproperlyConfigured outside it."""
    raw = text(name, str(default)).strip()
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {raw!r} is not a whole number") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}: {value} is outside {least}..{most}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated setting as a list without empty items."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]
