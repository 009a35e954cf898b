"""Reading the record: always through a viewer's sight, newest first, paged by number."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from audit import actions, links, visibility
from audit.models import Entry
from audit.search import Query
from audit.visibility import Sight

PAGE = 50
#: Facets count the newest matches only: their cost does not grow with the record.
FACETED = 5_000
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """One named field before and after, as text."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry as a page shows it. Every text in it may have been written by an attacker: templates use `wire`."""

    seq: int
    at: datetime
    action: str
    sentence: str
    actor: dict[str, str]
    target: dict[str, str]
    target_url: str | None
    changes: list[Change]
    reason: str
    request: dict[str, str]
    team_id: str
    hash: str
    prev_hash: str
    #: Its reason and fields are there, and hidden from this viewer for now.
    is_veiled: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Entries newest first; `older` and `newer` are the numbers to go on from, None at an end."""

    entries: list[Shown]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Facet:
    """One value with its count among the newest matches; `query` is the search with it put in or taken out."""

    key: str
    value: str
    count: int
    query: str
    is_chosen: bool


def visible(sight: Sight) -> QuerySet[Entry]:
    """Return the entries that this sight covers."""
    return Entry.objects.all() if sight.is_everything else Entry.objects.filter(sight.where)


def page(sight: Sight, query: Query, *, before: int | None = None, after: int | None = None) -> Page:
    """Return one page of matches: below number `before`, or the ones next above `after`, or the newest."""
    found = visible(sight).filter(query.where)
    if after is not None:
        rows = list(found.filter(seq__gt=after).order_by("seq")[: PAGE + 1])
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        return Page(show(sight, rows), rows[-1].seq if rows else after + 1, rows[0].seq if more else None)
    if before is not None:
        found = found.filter(seq__lt=before)
    rows = list(found.order_by("-seq")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    newer = (rows[0].seq if rows else before - 1) if before is not None else None
    return Page(show(sight, rows), rows[-1].seq if more else None, newer)


def facets(sight: Sight, query: Query) -> dict[str, list[Facet]]:
    """Return {"action": [...], "kind": [...]}, most frequent first, counted over the newest FACETED matches."""
    newest = visible(sight).filter(query.where).order_by("-seq").values_list("action", "actor_kind")[:FACETED]
    by_action: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for action, kind in newest:
        by_action[action] += 1
        by_kind[kind] += 1
    return {"action": _facet(query, "action", by_action), "kind": _facet(query, "kind", by_kind)}


def trail(viewer: Any, *, object_type: str, object_id: str, most: int = 100) -> list[Shown]:
    """Return what `viewer` may read about one object, oldest first: for the page of that object."""
    about = Q(object_type=object_type, object_id=str(object_id))
    sight = visibility.of(viewer)
    return show(sight, visible(sight).filter(about).order_by("-seq")[:most])[::-1]


def show(sight: Sight, entries: Iterable[Entry]) -> list[Shown]:
    """Return entries as pages show them to this viewer. Never raises, whatever fields an old entry lacks."""
    rows = list(entries)
    hidden = visibility.veiled(sight.viewer, {(row.action, row.object_id) for row in rows})
    return [_show(row, is_veiled=_is_veiled(sight, row, hidden)) for row in rows]


def without_veiled(sight: Sight, entries: Iterable[Entry]) -> list[Entry]:
    """Return entries with reason and fields taken out of the body where this viewer may not read them yet."""
    rows = list(entries)
    hidden = visibility.veiled(sight.viewer, {(row.action, row.object_id) for row in rows})
    for row in rows:
        if _is_veiled(sight, row, hidden):
            row.body = {**row.body, "reason": "", "before": {}, "after": {}, "veiled": True}
    return rows


def _is_veiled(sight: Sight, row: Entry, hidden: set[tuple[str, str]]) -> bool:
    """One's own words are never hidden from oneself."""
    return (row.action, row.object_id) in hidden and row.actor_id != sight.actor.id


def _show(entry: Entry, *, is_veiled: bool) -> Shown:
    body = entry.body if isinstance(entry.body, dict) else {}
    if is_veiled:
        body = {**body, "reason": "", "before": {}, "after": {}}
    return Shown(
        seq=entry.seq,
        at=entry.at,
        action=entry.action,
        sentence=actions.sentence(body),
        actor=_texts(body.get("actor")),
        target=_texts(body.get("object")),
        target_url=links.url_of(entry.object_type, entry.object_id),
        changes=_changes(body.get("before"), body.get("after")),
        reason=str(body.get("reason") or ""),
        request=_texts(body.get("request")),
        team_id=entry.team_id,
        hash=bytes(entry.hash).hex(),
        prev_hash=bytes(entry.prev_hash).hex(),
        is_veiled=is_veiled,
    )


def _facet(query: Query, key: str, counts: Counter[str]) -> list[Facet]:
    return [
        Facet(key, value, count, query.toggled(key, value), query.has(key, value))
        for value, count in counts.most_common(15)
    ]


def _changes(before: object, after: object) -> list[Change]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    # Fields that only one side names are part of the story too: a new object has no "before".
    names = [*old, *(name for name in new if name not in old)]
    return [Change(name, _text(old, name), _text(new, name)) for name in names]


def _text(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return _ABSENT
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}
