"""Text from outside: what PostgreSQL cannot store is replaced, what is too long is cut, both are said."""

import re
from typing import Any

#: NUL, and halves of surrogate pairs: valid in JSON, storable nowhere.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: Control and format characters (bidi overrides, zero width): no name of a host, user or file needs them.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
TITLE_LENGTH = 512
DESCRIPTION_LENGTH = 8000
ID_LENGTH = 256


def word_list(text: str) -> tuple[str, ...]:
    """Return the words of a text: tables of names read better so than as a column of quotes."""
    return tuple(text.split())


def storable(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL takes the text as it is."""
    return _UNSTORABLE.search(text) is None


def as_text(value: Any) -> str:
    """Return a scalar as text, stripped; an empty string for None, containers and the sources' words for nothing."""
    if isinstance(value, str):
        text = value.strip()
        return "" if text in _NOTHING else text
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return str(value)


_NOTHING = frozenset({"", "-", "--", "N/A", "n/a", "null", "NULL", "None", "none", "(null)", "undefined", "unknown"})


def line(value: Any, length: int = TITLE_LENGTH) -> str:
    """Return a scalar as one storable line of at most `length` characters."""
    text = as_text(value)
    if len(text) > 4 * length:
        text = text[: 4 * length]
    text = " ".join(storable(text).split())
    return text if len(text) <= length else text[: length - 1] + "…"


def paragraph(value: Any, length: int = DESCRIPTION_LENGTH) -> str:
    """Return a scalar as storable text of at most `length` characters, line breaks kept."""
    text = storable(as_text(value))
    return text if len(text) <= length else text[: length - 1] + "…"


def first_line(*values: Any, length: int = TITLE_LENGTH) -> str:
    """Return the first of the values that has a text, as one line."""
    for value in values:
        text = line(value, length)
        if text:
            return text
    return ""
