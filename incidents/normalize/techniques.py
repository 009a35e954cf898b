"""MITRE ATT&CK technique ids in texts, tags and lists."""

import re
from collections.abc import Iterable
from typing import Any

_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9])[Tt](\d{4})(?:\.(\d{3}))?(?![\d.]*\d)")
MAX_TECHNIQUES = 32


def techniques_in(values: Iterable[Any]) -> tuple[str, ...]:
    """Return the ids (T1059, T1059.001) in the texts, each once, in order.

    >>> techniques_in(["attack.t1059.001", "T1190"])
    ('T1059.001', 'T1190')
    """
    found: dict[str, None] = {}
    for value in values:
        if not isinstance(value, str):
            continue
        for parent, child in _TECHNIQUE.findall(value[:2000]):
            found[f"T{parent}.{child}" if child else f"T{parent}"] = None
    return tuple(list(found)[:MAX_TECHNIQUES])
