"""The SQL of ingestion: one statement per table and batch, rows in lock order, arrays in place of literals."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import connection

from incidents.normalize import NormalAlert

#: name and type of what `upsert_alerts` takes; text[] columns travel joined by the unit separator.
ALERT_COLUMNS = (
    ("id", "uuid"),
    ("team_id", "uuid"),
    ("source_id", "uuid"),
    ("batch_id", "uuid"),
    ("format", "text"),
    ("external_id", "text"),
    ("title", "text"),
    ("description", "text"),
    ("detection_id", "text"),
    ("detection_name", "text"),
    ("severity", "text"),
    ("severity_score", "float8"),
    ("severity_origin", "text"),
    ("occurred_at", "timestamptz"),
    ("detected_at", "timestamptz"),
    ("received_at", "timestamptz"),
    ("last_seen", "timestamptz"),
    ("techniques", "text[]"),
    ("notes", "text[]"),
    ("fingerprint", "text"),
    ("window_at", "timestamptz"),
    ("count", "int4"),
)
_SEPARATOR = "\x1f"
#: A repeat never lowers a severity, and an assumed one raises none.
_WORSE = "EXCLUDED.severity_origin = 'source' AND EXCLUDED.severity_score > a.severity_score"


def _upsert() -> str:
    names = ", ".join(f'"{name}"' for name, _ in ALERT_COLUMNS)
    arrays = ", ".join(f"%s::{'text' if kind == 'text[]' else kind}[]" for _, kind in ALERT_COLUMNS)
    values = ", ".join(
        f"string_to_array(t.\"{name}\", E'\\x1f')" if kind == "text[]" else f't."{name}"'
        for name, kind in ALERT_COLUMNS
    )
    return f"""
INSERT INTO incidents_alert AS a ({names}, status, triage_state, revision)
SELECT {values}, 'new', 'pending', 1 FROM unnest({arrays}) AS t ({names})
ON CONFLICT (team_id, fingerprint, window_at) DO UPDATE
   SET count = a.count + EXCLUDED.count, revision = a.revision + 1,
       last_seen = GREATEST(a.last_seen, EXCLUDED.last_seen),
       severity = CASE WHEN {_WORSE} THEN EXCLUDED.severity ELSE a.severity END,
       severity_origin = CASE WHEN {_WORSE} THEN EXCLUDED.severity_origin ELSE a.severity_origin END,
       severity_score = CASE WHEN {_WORSE} THEN EXCLUDED.severity_score ELSE a.severity_score END
RETURNING id, fingerprint, window_at
"""  # noqa: S608 - only names of this module


_UPSERT = _upsert()
_PAYLOADS = """
INSERT INTO incidents_alertpayload (alert_id, received_at, sha256, raw)
SELECT t.alert_id, %s, t.sha256, t.raw FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (alert_id, sha256, raw)
"""
_FIND_ENTITIES = """
SELECT e.type, e.key, e.id FROM unnest(%s::text[], %s::text[]) AS t (type, key)
  JOIN incidents_entity e ON e.type = t.type AND e.key = t.key
"""
_NEW_ENTITIES = """
INSERT INTO incidents_entity (type, key, value, first_seen_at)
SELECT t.type, t.key, t.value, %s FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (type, key, value)
ON CONFLICT (type, key) DO NOTHING RETURNING type, key, id
"""
_LINKS = """
INSERT INTO incidents_alertentity (alert_id, entity_id, role)
SELECT t.alert_id, t.entity_id, t.role FROM unnest(%s::uuid[], %s::int8[], %s::text[]) AS t (alert_id, entity_id, role)
ON CONFLICT (alert_id, entity_id, role) DO NOTHING
"""


def upsert_alerts(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, dt.datetime], uuid.UUID]:
    """Insert the alerts, or raise the count of those already there; return the id of every (fingerprint, window).

    `rows` hold ALERT_COLUMNS, distinct in (fingerprint, window_at) and sorted by it.
    """
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    for index, (_, kind) in enumerate(ALERT_COLUMNS):
        if kind == "text[]":
            columns[index] = [
                _SEPARATOR.join(part.replace(_SEPARATOR, " ") for part in parts) for parts in columns[index]
            ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, columns)
        return {(key, window): alert_id for alert_id, key, window in cursor.fetchall()}


def insert_payloads(rows: Iterable[tuple[uuid.UUID, str, str]], received_at: dt.datetime) -> None:
    """Insert (alert, sha256, raw) for every delivered item."""
    ids, hashes, texts = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_PAYLOADS, [received_at, list(ids), list(hashes), list(texts)])


def link_entities(found: Mapping[uuid.UUID, Mapping[tuple[str, str, str], str]], received_at: dt.datetime) -> None:
    """Upsert the entities of each alert, given as {(type, key, role): value}, and their roles in it."""
    values = {(kind, key): value for refs in found.values() for (kind, key, _), value in refs.items()}
    if not values:
        return
    entity_ids = _entity_ids(values, received_at)
    links = [(alert_id, entity_ids[kind, key], role) for alert_id, refs in found.items() for kind, key, role in refs]
    alerts, entities, roles = zip(*links, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_LINKS, [list(alerts), list(entities), list(roles)])


def with_notes(alert: NormalAlert, notes: tuple[str, ...]) -> NormalAlert:
    """Return the alert with the parser's notes in front of its own."""
    return replace(alert, notes=(*(note[:300] for note in notes[:20]), *alert.notes))


def _entity_ids(values: Mapping[tuple[str, str], str], received_at: dt.datetime) -> dict[tuple[str, str], int]:
    """Most entities are known: look first, insert what is missing in one order, look again for what others inserted."""
    known = _find(sorted(values))
    missing = sorted(values.keys() - known.keys())
    if missing:
        kinds, keys = zip(*missing, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_NEW_ENTITIES, [received_at, list(kinds), list(keys), [values[pair] for pair in missing]])
            known.update({(kind, key): entity_id for kind, key, entity_id in cursor.fetchall()})
        known.update(_find([pair for pair in missing if pair not in known]))
    return known


def _find(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    if not pairs:
        return {}
    kinds, keys = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ENTITIES, [list(kinds), list(keys)])
        return {(kind, key): entity_id for kind, key, entity_id in cursor.fetchall()}
