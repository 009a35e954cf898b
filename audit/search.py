"""The query language of /audit/: `actor:mia action:approvals.* kind:person object:SRV-DB-01 since:2026-11-01 words`."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime

from audit.body import clean

KINDS = ("person", "agent", "source", "system")
MOST_QUERY = 500
_TOKEN = re.compile(r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))')


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a query; a key of "" is free text."""

    key: str
    value: str


@dataclass(slots=True)
class Query:
    """A parsed query: `where` selects, `errors` says which token means nothing and why."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    where: Q = field(default_factory=Q)

    def toggled(self, key: str, value: str) -> str:
        """Return the query text with `key:value` put in, in the place of another one, or taken out if it is there."""
        kept = [token for token in self.tokens if token.key != key]
        present = any(token == Token(key, value) for token in self.tokens)
        return " ".join(spell(token) for token in [*kept, *([] if present else [Token(key, value)])])

    def has(self, key: str, value: str) -> bool:
        """Say whether the query holds exactly `key:value`."""
        return Token(key, value) in self.tokens


def spell(token: Token) -> str:
    """Return a token as it is typed."""
    quoted = f'"{token.value}"' if re.search(r"\s", token.value) or not token.value else token.value
    return f"{token.key}:{quoted}" if token.key else quoted


def parse(text: str) -> Query:
    """Parse a query. What cannot be understood is reported in `errors` and selects nothing by itself.

    A word before a colon that is no key is free text: addresses and URLs are full of colons.
    """
    query = Query(clean(text, MOST_QUERY).strip())
    for match in _TOKEN.finditer(query.text):
        key, value = match["key"] or "", match["quoted"] if match["quoted"] is not None else match["bare"]
        if key and key not in KEYS:
            key, value = "", match[0]
        if not value:
            query.errors.append(f"{match[0]} names nothing")
            continue
        query.tokens.append(Token(key, value))
        try:
            query.where &= _CONDITIONS[key](value)
        except ValueError as error:
            query.errors.append(f"{match[0]}: {error}")
    return query


def parse_moment(value: str, *, is_end: bool = False) -> datetime:
    """Return an ISO 8601 date or time as UTC; a date alone is its first moment, or its last one for an end.

    Raises ValueError with words for the person who typed it.
    """
    moment = parse_datetime(value.replace(" ", "T")) if len(value) > 10 else None
    if moment is not None:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    day: date | None = parse_date(value)
    if day is None:
        raise ValueError(f"{value!r} is neither a date (2026-11-01) nor a time (2026-11-01T10:00Z)")
    return datetime.combine(day, time.max if is_end else time.min, tzinfo=UTC)


def _action(value: str) -> Q:
    prefix = value.removesuffix("*")
    return Q(action=value) if prefix == value else Q(action__startswith=prefix)


def _kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"a kind is one of {', '.join(KINDS)}")
    return value


def _numbers(value: str) -> Q:
    match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", value)
    if match is None:
        raise ValueError("a number such as 120, or a range such as 100-120")
    return Q(seq__gte=int(match[1]), seq__lte=int(match[2] or match[1]))


_CONDITIONS: dict[str, Callable[[str], Q]] = {
    "": lambda value: Q(search_text__contains=value.lower()),
    "actor": lambda value: Q(actor_id=value) | Q(actor_name__icontains=value),
    "action": _action,
    "object": lambda value: Q(object_id=value) | Q(object_type=value) | Q(object_label__icontains=value),
    "kind": lambda value: Q(actor_kind=_kind(value)),
    "since": lambda value: Q(at__gte=parse_moment(value)),
    "until": lambda value: Q(at__lte=parse_moment(value, is_end=True)),
    "request": lambda value: Q(request_id=value),
    "seq": _numbers,
}
KEYS = frozenset(_CONDITIONS) - {""}
