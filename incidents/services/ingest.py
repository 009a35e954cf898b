"""Ingestion: one parse, one transaction, one INSERT per table for a whole batch; a bad item stands alone.

Locks are taken in one order by everybody: alerts by (fingerprint, window), then entities by (type, key). Two batches
that meet wait for one another and never deadlock; should the database see one all the same, the batch starts again.
"""

import datetime as dt
import hashlib
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import OperationalError, transaction
from psycopg import errors

from accounts.models import AlertSource
from audit.actors import Actor
from audit.services import record
from incidents.fingerprint import fingerprint, window_of
from incidents.models import IngestBatch, TriageState
from incidents.normalize import AUTO, NormalAlert, normalize
from incidents.normalize.canonical import key_of
from incidents.normalize.severities import band
from incidents.services import bulk
from incidents.services.clock import database_now
from incidents.services.digest import digest_of_ids
from incidents.services.ordered_ids import ordered_ids
from incidents.wire import RawItem
from live.nudge import nudge
from live.publish import publish

logger = logging.getLogger(__name__)

#: More items than this are several batches: a transaction holds its row locks for a second at most.
MAX_BATCH = 5000
_ATTEMPTS = 4
_AGAIN = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of a delivery. `ids` has one entry per accepted item, in order; `rejected` names the others."""

    created: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    ids: list[uuid.UUID] = field(default_factory=list)
    batch_ids: list[uuid.UUID] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    """One alert about to be stored: the first of its fingerprint in this batch, and how often it came."""

    id: uuid.UUID
    alert: NormalAlert
    fingerprint: str
    window_at: dt.datetime
    detected_at: dt.datetime
    last_seen: dt.datetime
    count: int = 1

    def repeat(self, alert: NormalAlert, detected_at: dt.datetime) -> None:
        """Count the same detection once more; a repeat never lowers the severity, and an assumed one raises none."""
        self.count += 1
        self.last_seen = max(self.last_seen, detected_at)
        if alert.severity_origin == "source" and alert.severity_score > self.alert.severity_score:
            self.alert = replace(self.alert, severity_score=alert.severity_score, severity_origin="source")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The batch without the database: distinct rows in lock order, and for every accepted item its row's key."""

    rows: list[_Row]
    keys: list[tuple[str, dt.datetime]]
    items: list[RawItem]
    entities: dict[tuple[str, dt.datetime], dict[tuple[str, str, str], str]]


def ingest(
    *,
    source: AlertSource,
    items: Sequence[RawItem],
    format: str = AUTO,  # noqa: A002 - the contract's word
) -> IngestResult:
    """Store a delivery. Committed when it returns; rejected items never touch their neighbours.

    Raises OperationalError when the database is away, or stays busy after several attempts: then the batch at hand
    was not stored at all (sending it again counts nothing twice but repeats).
    """
    rejected = [{"index": item.index, "error": item.error} for item in items if item.error]
    accepted = [item for item in items if not item.error]
    result = IngestResult(rejected=rejected)
    for start in range(0, len(accepted), MAX_BATCH):
        part = _store_with_retries(
            source, accepted[start : start + MAX_BATCH], format, len(rejected) if start == 0 else 0
        )
        result = IngestResult(
            result.created + part.created,
            result.duplicates + part.duplicates,
            rejected,
            [*result.ids, *part.ids],
            [*result.batch_ids, *part.batch_ids],
        )
    return result


def _store_with_retries(source: AlertSource, items: Sequence[RawItem], named: str, rejected: int) -> IngestResult:
    received_at = database_now()
    prepared = _prepare(source, items, named, received_at)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                return _store(source, prepared, received_at, rejected)
        except OperationalError as error:
            if not isinstance(error.__cause__, _AGAIN) or attempt == _ATTEMPTS:
                raise
            logger.warning("ingest.again", extra={"attempt": attempt, "error": type(error.__cause__).__name__})
            time.sleep(0.05 * attempt)
    raise AssertionError("the loop returns or raises")


def _prepare(source: AlertSource, items: Sequence[RawItem], named: str, received_at: dt.datetime) -> _Prepared:
    """Normalise everything before the transaction opens, and fold repeats inside the batch into one row."""
    rows: dict[tuple[str, dt.datetime], _Row] = {}
    keys: list[tuple[str, dt.datetime]] = []
    entities: dict[tuple[str, dt.datetime], dict[tuple[str, str, str], str]] = {}
    for item, alert_id in zip(items, ordered_ids(len(items), received_at), strict=True):
        alert = _normal(item, named, received_at)
        detected_at = alert.detected_at or alert.occurred_at or received_at
        key = (fingerprint(source.id, alert), window_of(detected_at))
        keys.append(key)
        row = rows.get(key)
        if row is None:
            rows[key] = _Row(alert_id, alert, *key, detected_at, detected_at)
        else:
            row.repeat(alert, detected_at)
        seen = entities.setdefault(key, {})
        for ref in alert.entities:
            seen.setdefault((ref.type, key_of(ref.type, ref.value), ref.role), ref.value)
    return _Prepared([rows[key] for key in sorted(rows)], keys, list(items), entities)


def _normal(item: RawItem, named: str, received_at: dt.datetime) -> NormalAlert:
    from_sender = normalize(item.payload, format=named, reference=received_at)
    return bulk.with_notes(from_sender, item.notes) if item.notes else from_sender


def _store(source: AlertSource, prepared: _Prepared, received_at: dt.datetime, rejected: int) -> IngestResult:
    # Stored last, when its counts are known: foreign keys are checked at the commit.
    batch = IngestBatch(source=source, received_at=received_at, rejected=rejected)
    stored = bulk.upsert_alerts(_alert_columns(source, batch, prepared.rows, received_at))
    ids = [stored[key] for key in prepared.keys]
    new = {row.id for row in prepared.rows if stored[row.fingerprint, row.window_at] == row.id}
    bulk.insert_payloads(_payload_rows(prepared.items, ids, new), received_at)
    bulk.link_entities({stored[key]: found for key, found in prepared.entities.items() if found}, received_at)
    batch.created, batch.duplicates = len(new), len(ids) - len(new)
    batch.triage_state = TriageState.PENDING if new else TriageState.DONE
    batch.save(force_insert=True)
    if new:
        nudge("agents.triage_batch", str(batch.id))
    _tell(source, batch, ids)
    return IngestResult(batch.created, batch.duplicates, [], ids, [batch.id])


def _alert_columns(
    source: AlertSource, batch: IngestBatch, rows: list[_Row], received_at: dt.datetime
) -> Iterator[tuple[Any, ...]]:
    """Yield the values of bulk.ALERT_COLUMNS for every row, in lock order."""
    for row in rows:
        alert = row.alert
        severity = band(alert.severity_score).value
        yield (
            row.id, source.team_id, source.id, batch.id, alert.format, alert.external_id, alert.title,
            alert.description, alert.detection_id, alert.detection_name, severity, alert.severity_score,
            alert.severity_origin, alert.occurred_at, row.detected_at, received_at, row.last_seen,
            alert.techniques, alert.notes, row.fingerprint, row.window_at, row.count,
        )  # fmt: skip


def _payload_rows(
    items: list[RawItem], ids: list[uuid.UUID], new: set[uuid.UUID]
) -> Iterator[tuple[uuid.UUID, str, str]]:
    """Yield (alert, sha256, raw): the text is kept for the delivery that made the alert, the hash for all."""
    waiting = set(new)
    for item, alert_id in zip(items, ids, strict=True):
        raw = item.raw if alert_id in waiting else ""
        waiting.discard(alert_id)
        yield alert_id, hashlib.sha256(item.raw.encode()).hexdigest(), raw


def _tell(source: AlertSource, batch: IngestBatch, ids: list[uuid.UUID]) -> None:
    """One live event and one audit entry per batch, however many alerts it holds."""
    team_id = str(source.team_id)
    publish(
        kind="incidents.batch.ingested", object_type="alert_batch", object_id=str(batch.id), revision=1, team_id=team_id
    )
    record(
        action="incidents.batch.ingested",
        actor=Actor(kind="source", id=str(source.id), name=source.name),
        object_type="alert_batch",
        object_id=str(batch.id),
        object_label=f"{len(ids)} alerts of {source.name}",
        after={
            "created": batch.created,
            "duplicates": batch.duplicates,
            "rejected": batch.rejected,
            "first_id": str(ids[0]),
            "last_id": str(ids[-1]),
            "ids_digest": digest_of_ids(ids),
        },
        team_id=team_id,
    )
