"""Alerts of the database as observations, read in bulk: four statements whatever their number."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.triage.observation import Observation, from_normal
from incidents.models import Alert, AlertEntity, AlertPayload
from incidents.normalize.record import EntityRef, NormalAlert

_COLUMNS = (
    "id",
    "format",
    "title",
    "detection_id",
    "detection_name",
    "detected_at",
    "count",
    "severity_score",
    "severity_origin",
    "techniques",
)
_CHUNK = 2_000


def observations(alert_ids: Sequence[uuid.UUID]) -> list[Observation]:
    """Return the alerts in the order of their detection (then id); ids that do not exist are left out."""
    found: list[Observation] = []
    for start in range(0, len(alert_ids), _CHUNK):
        found.extend(_chunk(alert_ids[start : start + _CHUNK]))
    return sorted(found, key=lambda seen: (seen.at, seen.ref))


def _chunk(alert_ids: Sequence[uuid.UUID]) -> list[Observation]:
    entities = _entities(alert_ids)
    payloads = dict(
        AlertPayload.objects.filter(alert_id__in=alert_ids)
        .exclude(raw="")
        .order_by("alert_id", "-pk")
        .values_list("alert_id", "raw")
    )
    rows = Alert.objects.filter(id__in=alert_ids).values_list(*_COLUMNS)
    return [_observed(row, entities.get(row[0], ()), payloads.get(row[0])) for row in rows]


def _entities(alert_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[EntityRef, ...]]:
    found: dict[uuid.UUID, list[EntityRef]] = defaultdict(list)
    links = AlertEntity.objects.filter(alert_id__in=alert_ids).order_by("alert_id", "pk")
    for alert_id, kind, value, role in links.values_list("alert_id", "entity__type", "entity__value", "role"):
        found[alert_id].append(EntityRef(kind, value, role))
    return {key: tuple(refs) for key, refs in found.items()}


def _observed(row: tuple[Any, ...], entities: tuple[EntityRef, ...], raw: str | None) -> Observation:
    alert_id, source, title, detection_id, detection_name, detected_at, count, score, origin, techniques = row
    alert = NormalAlert(
        format=source,
        title=title,
        detection_id=detection_id,
        detection_name=detection_name,
        detected_at=detected_at,
        severity_score=score,
        severity_origin=origin,
        techniques=tuple(techniques),
        entities=entities,
    )
    return from_normal(alert, _decoded(raw), ref=str(alert_id), count=count)


def _decoded(raw: str | None) -> Any:
    """Return the payload's JSON value; None for text that our parser cannot read (its alert was read by another)."""
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {"message": raw[:8_000]}
