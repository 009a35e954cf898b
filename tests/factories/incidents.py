"""Alerts, their sources and verdicts: the least valid row of each."""

# factory-boy types what a factory returns, not the declarations inside it.
# mypy: disable-error-code="no-untyped-call,attr-defined,untyped-decorator"

import datetime as dt
import hashlib
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import AlertSource, Team
from incidents.fingerprint import window_of
from incidents.models import Alert, AlertPayload, IngestBatch, TriageState, TriageVerdict

NOON = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)


class TeamFactory(DjangoModelFactory[Team]):
    """The team `soc` unless named."""

    class Meta:
        model = Team
        django_get_or_create = ("slug",)

    slug = "soc"
    name = factory.LazyAttribute(lambda team: team.slug.upper())


class AlertSourceFactory(DjangoModelFactory[AlertSource]):
    """A source of the team `soc`."""

    class Meta:
        model = AlertSource
        django_get_or_create = ("name",)

    name = factory.Sequence(lambda n: f"source-{n}")
    team = factory.SubFactory(TeamFactory)


class IngestBatchFactory(DjangoModelFactory[IngestBatch]):
    """A batch of one alert that waits for triage."""

    class Meta:
        model = IngestBatch

    source = factory.SubFactory(AlertSourceFactory)
    received_at = NOON
    created = 1


class AlertFactory(DjangoModelFactory[Alert]):
    """A new, untriaged alert of medium severity without entities; `raw` gives it a payload."""

    class Meta:
        model = Alert
        skip_postgeneration_save = True

    source = factory.SubFactory(AlertSourceFactory)
    team = factory.SelfAttribute("source.team")
    batch = factory.SubFactory(IngestBatchFactory, source=factory.SelfAttribute("..source"))
    format = "generic"
    title = factory.Sequence(lambda n: f"Alert {n}")
    severity = "medium"
    severity_score = 5.0
    detected_at = NOON
    received_at = NOON
    last_seen = factory.SelfAttribute("detected_at")
    fingerprint = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    window_at = factory.LazyAttribute(lambda alert: window_of(alert.detected_at))

    @factory.post_generation
    def raw(self: Any, create: bool, extracted: str | None, **_: Any) -> None:
        """Store the text as the alert's payload."""
        if create and extracted is not None:
            digest = hashlib.sha256(extracted.encode()).hexdigest()
            AlertPayload.objects.create(alert=self, received_at=self.received_at, sha256=digest, raw=extracted)


class TriageVerdictFactory(DjangoModelFactory[TriageVerdict]):
    """The current verdict of an alert, which it marks as triaged."""

    class Meta:
        model = TriageVerdict
        skip_postgeneration_save = True

    alert = factory.SubFactory(AlertFactory)
    engine = "embedded-v1"
    verdict = "true_positive"
    severity = "high"
    probability = 0.93
    confidence = 0.93
    reasoning = "The rule has been right 9 times of 10 [1]."
    evidence = factory.LazyFunction(
        lambda: [{"claim": "Rule prior 0.9", "source": "verdicts", "ref": "rule", "weight": 2.2}]
    )
    created_at = NOON

    @factory.post_generation
    def mark(self: Any, create: bool, *_: Any, **__: Any) -> None:
        """Set the alert's triage state, as storing a verdict does."""
        if create:
            Alert.objects.filter(pk=self.alert_id).update(triage_state=TriageState.DONE, triaged_at=self.created_at)
            self.alert.refresh_from_db()
