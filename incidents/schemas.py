"""What the API answers about alerts. Everything in it that a source wrote is text, never markup."""

import datetime as dt
import uuid
from typing import Any

from ninja import Schema

from incidents.models import Alert
from incidents.selectors import payload_of, triage_state_of, verdict_of
from incidents.wire import read_item


class Rejected(Schema):
    """An item that was not taken, by its place in the delivery."""

    index: int
    error: str


class IngestOut(Schema):
    """202: committed. `ids` has one entry per accepted item, in order; a repeat names the alert it raised."""

    created: int
    duplicates: int
    rejected: list[Rejected]
    ids: list[uuid.UUID]


class DetectionOut(Schema):
    """The rule that fired."""

    id: str
    name: str


class EntityOut(Schema):
    """A thing the alert speaks of, in canonical form."""

    type: str
    value: str
    role: str


class TriageOut(Schema):
    """The engine's verdict, or the state of getting one."""

    state: str
    verdict: str | None = None
    severity: str | None = None
    confidence: float | None = None
    techniques: list[str] = []
    reasoning: str = ""
    evidence: list[Any] = []
    recommended_actions: list[Any] = []
    enrichment_needed: list[Any] = []
    engine: str = ""
    triaged_at: dt.datetime | None = None


class AlertRow(Schema):
    """An alert as lists carry it: without its raw payload."""

    id: uuid.UUID
    source: str
    format: str
    external_id: str
    title: str
    description: str
    detection: DetectionOut
    severity: str
    severity_score: float
    severity_origin: str
    occurred_at: dt.datetime | None
    detected_at: dt.datetime
    received_at: dt.datetime
    last_seen: dt.datetime
    techniques: list[str]
    entities: list[EntityOut]
    count: int
    status: str
    triage: TriageOut
    incident: uuid.UUID | None = None
    notes: list[str]


class AlertOut(AlertRow):
    """One alert, with its payload as it was read."""

    raw: Any = None


class AlertPage(Schema):
    """A page of a list; `next` is the cursor of the following one, or null."""

    items: list[AlertRow]
    next: str | None


def row(alert: Alert) -> AlertRow:
    """Return an alert that `selectors.for_list` fetched."""
    return AlertRow(**_fields(alert))


def whole(alert: Alert) -> AlertOut:
    """Return an alert that `selectors.find` fetched, with its payload."""
    payload = payload_of(alert)
    # Read as at ingestion: what JSON cannot carry (1e400) was made text then and is now.
    value = read_item(0, payload.raw.encode(), max_bytes=2**31).payload if payload else None
    return AlertOut(**_fields(alert), raw=value)


def _fields(alert: Alert) -> dict[str, Any]:
    names = (
        "id format external_id title description severity severity_score severity_origin occurred_at detected_at "
        "received_at last_seen techniques count status notes"
    )
    return {
        **{name: getattr(alert, name) for name in names.split()},
        "source": alert.source.name,
        "detection": DetectionOut(id=alert.detection_id, name=alert.detection_name),
        "entities": [
            EntityOut(type=link.entity.type, value=link.entity.value, role=link.role)
            for link in alert.alert_entities.all()
        ],
        "triage": _triage(alert),
    }


def _triage(alert: Alert) -> TriageOut:
    state = triage_state_of(alert)
    verdict = verdict_of(alert)
    if verdict is None:
        return TriageOut(state=state)
    names = "verdict severity confidence techniques reasoning evidence recommended_actions enrichment_needed engine"
    return TriageOut(
        state=state, triaged_at=alert.triaged_at, **{name: getattr(verdict, name) for name in names.split()}
    )
