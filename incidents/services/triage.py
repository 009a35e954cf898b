"""Triage of a batch as rows: claim with a fence, store all verdicts at once, or give it back with the reason.

    pending → running (claimed: fence + 1, lease) → done
                 ↓ lease ran out or fail_batch      ↘ failed (after MAX_ATTEMPTS, or permanent)
              pending again, not before `triage_lease_until`

A worker that lost its lease holds an old fence and can store nothing: `StaleFence`.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from audit.actors import SYSTEM, Actor
from audit.services import record
from incidents.models import Alert, IngestBatch, TriageState, TriageVerdict
from incidents.services.clock import database_now
from incidents.services.digest import digest_of_ids
from live.publish import publish

logger = logging.getLogger(__name__)

LEASE_SECONDS = 120
MAX_ATTEMPTS = 3
RETRY_SECONDS = 15


class StaleFence(Exception):
    """Somebody else claimed the batch meanwhile, or it is no longer running: nothing was stored."""

    permanent = True


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """The right to triage one batch until `lease_until` (database clock); `fence` proves it."""

    batch: IngestBatch
    fence: int
    lease_until: dt.datetime


@dataclass(frozen=True, slots=True)
class VerdictDraft:
    """What an engine says about one alert; the fields are TriageVerdict's."""

    alert_id: uuid.UUID
    engine: str
    verdict: str
    severity: str
    probability: float
    confidence: float
    reasoning: str
    techniques: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    recommended_actions: list[dict[str, Any]] = field(default_factory=list)
    enrichment_needed: list[Any] = field(default_factory=list)
    vetoes: list[str] = field(default_factory=list)


_CLAIM = """
UPDATE incidents_ingestbatch
   SET triage_state = 'running', triage_fence = triage_fence + 1, triage_attempts = triage_attempts + 1,
       triage_lease_until = clock_timestamp() + make_interval(secs => %s)
 WHERE id = %s AND triage_state IN ('pending', 'running')
   AND (triage_lease_until IS NULL OR triage_lease_until < clock_timestamp())
"""

_DUE = """
SELECT id FROM incidents_ingestbatch
 WHERE triage_state IN ('pending', 'running')
   AND (triage_lease_until IS NULL OR triage_lease_until < clock_timestamp())
   AND received_at < clock_timestamp() - make_interval(secs => %s)
 ORDER BY received_at LIMIT %s
"""


def claim_batch(*, batch_id: uuid.UUID | str, lease_seconds: int = LEASE_SECONDS) -> BatchClaim | None:
    """Claim a batch whose turn it is; None when it is taken, done, failed or unknown.

    A batch claimed for the last time and lost again is failed here, so that no crash loops for ever.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease_seconds, str(batch_id)])
        if cursor.rowcount == 0:
            logger.info("triage.not_claimed", extra={"batch": str(batch_id)})
            return None
        batch = IngestBatch.objects.select_related("source__team").get(id=batch_id)
        if batch.triage_attempts > MAX_ATTEMPTS:
            _give_up(batch, batch.triage_error or "The worker ended during triage each time.", SYSTEM)
            return None
    assert batch.triage_lease_until is not None  # noqa: S101 - set by the statement above
    return BatchClaim(batch, batch.triage_fence, batch.triage_lease_until)


def due_batch_ids(*, older_than_seconds: float = 2, limit: int = 50) -> list[uuid.UUID]:
    """Return batches that wait for triage though their nudge is overdue: lost nudges and lost leases."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [older_than_seconds, limit])
        return [row[0] for row in cursor.fetchall()]


def store_verdicts(
    *,
    batch: IngestBatch,
    fence: int,
    verdicts: list[VerdictDraft],
    actor: Actor = SYSTEM,
    alongside: Callable[[], None] | None = None,
) -> int:
    """Store one verdict per alert of the batch and end its triage; return how many were stored.

    Alerts of the batch without a draft become `failed`; a draft for a foreign alert raises ValueError.
    Raises StaleFence when the claim is no longer ours. Earlier verdicts stay, no longer current.
    `alongside` runs in the same transaction: the engine keeps its own statistics with the verdicts they come from.
    """
    with transaction.atomic(durable=True):
        locked = _locked(batch, fence)
        now = database_now()
        alert_ids = _lock_alerts(locked)
        wanted = [draft.alert_id for draft in verdicts]
        if len(set(wanted)) != len(wanted) or not set(wanted) <= set(alert_ids):
            raise ValueError("a draft names an alert twice, or one that is not in the batch")
        TriageVerdict.objects.filter(alert_id__in=wanted, is_current=True).update(is_current=False)
        TriageVerdict.objects.bulk_create((_verdict(draft, now) for draft in verdicts), batch_size=1000)
        missing = set(alert_ids) - set(wanted)
        _mark_alerts(wanted, TriageState.DONE, now)
        _mark_alerts(missing, TriageState.FAILED, None)
        if alongside is not None:
            alongside()
        locked.triage_state = TriageState.DONE
        locked.triage_lease_until = None
        locked.triage_error = ""
        locked.save(update_fields=["triage_state", "triage_lease_until", "triage_error"])
        _tell(locked, "incidents.batch.triaged", actor, _summary(verdicts, alert_ids, len(missing)))
    return len(verdicts)


def fail_batch(
    *, batch: IngestBatch, fence: int, error: str, permanent: bool = False, actor: Actor = SYSTEM
) -> IngestBatch:
    """Give a claimed batch back: to be tried again in RETRY_SECONDS, or failed after MAX_ATTEMPTS or if permanent.

    Its alerts stay pending (a person sees them either way). Raises StaleFence when the claim is no longer ours.
    """
    with transaction.atomic(durable=True):
        locked = _locked(batch, fence)
        if permanent or locked.triage_attempts >= MAX_ATTEMPTS:
            _give_up(locked, error, actor)
            return locked
        locked.triage_state = TriageState.PENDING
        locked.triage_error = error[:300]
        locked.triage_lease_until = database_now() + dt.timedelta(seconds=RETRY_SECONDS)
        locked.save(update_fields=["triage_state", "triage_error", "triage_lease_until"])
    return locked


def _locked(batch: IngestBatch, fence: int) -> IngestBatch:
    row = IngestBatch.objects.select_for_update(of=("self",)).select_related("source__team").get(id=batch.id)
    if row.triage_fence != fence or row.triage_state != TriageState.RUNNING:
        raise StaleFence(f"batch {row.id}: fence {fence} is not the running claim ({row.triage_fence})")
    return row


def _lock_alerts(batch: IngestBatch) -> list[uuid.UUID]:
    """Lock the batch's alerts in the order in which ingestion locks them, so that the two cannot deadlock."""
    rows = Alert.objects.filter(batch=batch).select_for_update(no_key=True).order_by("fingerprint", "window_at")
    return [row.id for row in rows.only("id")]


def _verdict(draft: VerdictDraft, now: dt.datetime) -> TriageVerdict:
    return TriageVerdict(
        alert_id=draft.alert_id,
        engine=draft.engine,
        verdict=draft.verdict,
        severity=draft.severity,
        probability=draft.probability,
        confidence=draft.confidence,
        techniques=draft.techniques,
        reasoning=draft.reasoning,
        evidence=draft.evidence,
        recommended_actions=draft.recommended_actions,
        enrichment_needed=draft.enrichment_needed,
        vetoes=draft.vetoes,
        created_at=now,
    )


def _mark_alerts(ids: Sequence[uuid.UUID] | set[uuid.UUID], state: TriageState, triaged_at: dt.datetime | None) -> None:
    """`triaged_at` is the first classification: a later triage leaves it."""
    if not ids:
        return
    changes: dict[str, Any] = {"triage_state": state, "revision": F("revision") + 1}
    if triaged_at is not None:
        changes["triaged_at"] = Coalesce("triaged_at", Value(triaged_at))
    Alert.objects.filter(id__in=ids).update(**changes)


def _give_up(batch: IngestBatch, error: str, actor: Actor) -> None:
    ids = _lock_alerts(batch)
    _mark_alerts(ids, TriageState.FAILED, None)
    batch.triage_state = TriageState.FAILED
    batch.triage_error = error[:300]
    batch.triage_lease_until = None
    batch.save(update_fields=["triage_state", "triage_error", "triage_lease_until"])
    _tell(batch, "incidents.batch.triage_failed", actor, {"alerts": len(ids), "error": batch.triage_error})


def _summary(verdicts: list[VerdictDraft], alert_ids: list[uuid.UUID], failed: int) -> dict[str, Any]:
    ids = [draft.alert_id for draft in verdicts]
    counts: dict[str, int] = {}
    for draft in verdicts:
        counts[draft.verdict] = counts.get(draft.verdict, 0) + 1
    return {
        "alerts": len(alert_ids),
        "verdicts": counts,
        "failed": failed,
        "engine": verdicts[0].engine if verdicts else "",
        "first_id": str(ids[0]) if ids else "",
        "last_id": str(ids[-1]) if ids else "",
        "ids_digest": digest_of_ids(ids),
    }


def _tell(batch: IngestBatch, action: str, actor: Actor, after: dict[str, Any]) -> None:
    """One live event and one audit entry per batch, never one per alert."""
    team_id = str(batch.source.team_id)
    publish(
        kind=action,
        object_type="alert_batch",
        object_id=str(batch.id),
        revision=batch.triage_fence + 1,
        team_id=team_id,
    )
    record(
        action=action,
        actor=actor,
        object_type="alert_batch",
        object_id=str(batch.id),
        object_label=f"batch of {batch.source.name}",
        after=after,
        team_id=team_id,
    )
