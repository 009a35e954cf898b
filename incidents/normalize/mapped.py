"""A format as data: which field stands where. What a mapping does not name is still taken by well-known names.

Paths are compared without case and open lists on their way: `evidence.ipAddress` is that of every piece of evidence.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from incidents.normalize import titles
from incidents.normalize.draft import assemble
from incidents.normalize.embedded import all_leaves
from incidents.normalize.entities import Entities
from incidents.normalize.generic import attack_texts
from incidents.normalize.known_keys import collect_leaves, plain, take
from incidents.normalize.paths import spread
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_unknown_scale
from incidents.normalize.times import parse_time

Paths = tuple[str, ...]
Score = Callable[[dict[str, Any]], float | None]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where a format keeps what. `entities` rows are (type or "address", role, paths)."""

    format: str
    titles: Paths
    entities: tuple[tuple[str, str, Paths], ...]
    detected: Paths
    occurred: Paths = ()
    description: Paths = ()
    external_id: Paths = ()
    detection_id: Paths = ()
    detection_name: Paths = ()
    #: Severity as words or 0 to 10 or 0 to 100; a format with a scale of its own passes `score` to `read`.
    severity: Paths = ()
    techniques: Paths = ()
    #: Members that name no entity, whatever their key says (a device's kind, a product's own host).
    ignored: frozenset[str] = frozenset()


def read(
    mapping: Mapping,
    payload: dict[str, Any],
    *,
    score: float | None = None,
    title: Iterable[Any] = (),
    take_more: Callable[[dict[str, Any], Entities], None] | None = None,
    notes: Iterable[str] = (),
) -> NormalAlert:
    """Return the record of a payload of the mapping's format; `title` goes before the mapping's own."""
    found = all_leaves(payload)
    names, top = titles.index(found)
    entities = Entities()
    for kind, role, paths in mapping.entities:
        for path in paths:
            for value in spread(payload, path):
                take(entities, (kind, role), value)
    if take_more is not None:
        take_more(payload, entities)
    collect_leaves([leaf for leaf in found if not _is_ignored(leaf, mapping.ignored)], entities, shapes=True)
    occurred = first_moment(payload, mapping.occurred)
    detected = first_moment(payload, mapping.detected)
    return assemble(
        name=mapping.format,
        titles=[*title, *values(payload, mapping.titles), *titles.titles(names, top)],
        description=titles.said(found, one(payload, mapping.description)),
        external_id=one(payload, mapping.external_id),
        detection_id=one(payload, mapping.detection_id),
        detection_name=one(payload, mapping.detection_name),
        score=score if score is not None else from_unknown_scale(one(payload, mapping.severity)),
        occurred_at=occurred,
        detected_at=detected or (titles.detected(names) if occurred is None else None),
        techniques=[*values(payload, mapping.techniques), *attack_texts(found)],
        entities=entities,
        notes=notes,
    )


def values(payload: Any, paths: Paths) -> list[Any]:
    """Return all scalars at the paths, in the order of the paths."""
    return [value for path in paths for value in spread(payload, path)]


def one(payload: Any, paths: Paths) -> Any:
    """Return the first scalar at the paths, None when there is none."""
    return next((value for path in paths for value in spread(payload, path)), None)


def first_moment(payload: Any, paths: Paths) -> dt.datetime | None:
    """Return the first value at the paths that is a moment."""
    return next((moment for value in values(payload, paths) if (moment := parse_time(value)) is not None), None)


def _is_ignored(leaf: tuple[str, str, Any], ignored: frozenset[str]) -> bool:
    parent, key, _ = leaf
    return bool(ignored) and (
        plain(key) in ignored or plain(parent) in ignored or plain(parent) + plain(key) in ignored
    )
