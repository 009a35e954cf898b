"""Reads of alerts: a list's rows, one alert with all that is known of it, and the counts beside a list."""

import uuid
from dataclasses import dataclass

from django.db.models import Count, Prefetch, QuerySet

from incidents.models import (
    Alert,
    AlertEntity,
    AlertPayload,
    AlertQuerySet,
    TriageState,
    TriageVerdict,
    VerdictFeedback,
)


@dataclass(frozen=True, slots=True)
class Facet:
    """One value to narrow a list by: the token that does it, and how many rows it would leave."""

    key: str
    value: str
    count: int

    @property
    def token(self) -> str:
        """The part of `q` that this facet adds or removes."""
        return f"{self.key}:{self.value}"


def for_list(alerts: AlertQuerySet) -> AlertQuerySet:
    """Return the alerts with what a row shows; never the raw payload."""
    return alerts.select_related("source", "batch").prefetch_related(_current_verdict(), _entities())


def find(alerts: AlertQuerySet, alert_id: uuid.UUID | str) -> Alert | None:
    """Return one alert of those visible, with its entities, verdict and feedback; None when it is not among them."""
    feedback = Prefetch("feedback", VerdictFeedback.objects.select_related("user").order_by("-created_at"))
    return for_list(alerts).select_related("team").prefetch_related(feedback).filter(id=alert_id).first()


def verdict_of(alert: Alert) -> TriageVerdict | None:
    """Return the engine's current verdict; uses what `for_list` or `find` fetched."""
    return next((verdict for verdict in alert.verdicts.all() if verdict.is_current), None)


def triage_state_of(alert: Alert) -> str:
    """Return the state of the alert's triage: a batch that a worker holds makes its pending alerts `running`."""
    if alert.triage_state == TriageState.PENDING and alert.batch.triage_state == TriageState.RUNNING:
        return TriageState.RUNNING.value
    return str(alert.triage_state)


def payload_of(alert: Alert) -> AlertPayload | None:
    """Return the payload of the delivery that made the alert."""
    return alert.payloads.exclude(raw="").order_by("id").first()


def facet(alerts: AlertQuerySet, key: str) -> list[Facet]:
    """Return how many of the alerts have each value of severity, status, verdict or source."""
    field, order = _FACETS[key]
    rows: QuerySet[Alert] | QuerySet[TriageVerdict] = alerts.order_by()
    if key == "verdict":
        rows = TriageVerdict.objects.filter(alert__in=alerts.order_by(), is_current=True)
    counts = dict(rows.values_list(field).annotate(n=Count("pk")).values_list(field, "n"))
    names = order or tuple(sorted(counts, key=lambda name: -counts[name])[:12])
    return [Facet(key, name, counts[name]) for name in names if counts.get(name)]


_FACETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "severity": ("severity", ("critical", "high", "medium", "low")),
    "status": ("status", ("new", "in_progress", "closed")),
    "verdict": ("verdict", ("true_positive", "suspicious", "false_positive")),
    "source": ("source__name", ()),
}


def _current_verdict() -> "Prefetch[str]":
    return Prefetch("verdicts", TriageVerdict.objects.filter(is_current=True))


def _entities() -> "Prefetch[str]":
    return Prefetch("alert_entities", AlertEntity.objects.select_related("entity").order_by("id"))
