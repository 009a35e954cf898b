"""What a page asks for in the URL. Nonsense is nothing asked: a page with a broken link still gets its updates."""

from collections.abc import Mapping
from dataclasses import dataclass

_BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wishes:
    """`since`: the last event the page has seen, 0 for none. `topics`: object types, empty for all."""

    since: int = 0
    topics: frozenset[str] = frozenset()

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Wishes":
        """Read `since=ID` and `topics=a,b`."""
        text = query.get("since", "0")
        is_id = text.isascii() and text.isdigit() and len(text) <= 19
        words = (word.strip() for word in query.get("topics", "").split(",")[:20])
        return cls(
            since=min(int(text), _BIGGEST_ID) if is_id else 0,
            topics=frozenset(word for word in words if word),
        )
