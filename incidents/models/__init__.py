"""Alerts, their entities and payloads, and the verdicts on them."""

from incidents.models.alert import Alert, AlertPayload, AlertQuerySet, AlertStatus, IngestBatch, Severity, TriageState
from incidents.models.entity import AlertEntity, Entity, EntityType
from incidents.models.verdict import Classification, TriageVerdict, VerdictFeedback

__all__ = [
    "Alert",
    "AlertEntity",
    "AlertPayload",
    "AlertQuerySet",
    "AlertStatus",
    "Classification",
    "Entity",
    "EntityType",
    "IngestBatch",
    "Severity",
    "TriageState",
    "TriageVerdict",
    "VerdictFeedback",
]
