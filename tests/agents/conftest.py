"""Observations and alerts for the engine's tests."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from agents.triage.observation import Observation
from incidents.models import Alert, AlertEntity, Entity, EntityType, IngestBatch
from incidents.normalize.canonical import key_of
from incidents.normalize.record import EntityRef
from incidents.services.feedback import give_verdict
from tests.factories.incidents import NOON, AlertFactory, AlertSourceFactory, IngestBatchFactory

AT = NOON.timestamp()


def seen(**changes: Any) -> Observation:
    """Return a plain observation: one rule on one host at noon."""
    values: dict[str, Any] = {
        "ref": "a1",
        "source": "wazuh",
        "family": "web",
        "detection": "31106",
        "rule": "a request came in",
        "title": "A request came in",
        "host": "srv-1",
        "at": AT,
    }
    return Observation(**(values | changes))


def host(name: str) -> tuple[EntityRef, ...]:
    return (EntityRef("host", name, "target"),)


@pytest.fixture
def batch(team: Team) -> IngestBatch:
    made: IngestBatch = IngestBatchFactory.create(source=AlertSourceFactory.create(team=team))
    return made


@pytest.fixture
def alert_in(team: Team) -> Callable[..., Alert]:
    """Return a maker of alerts on a host: alert_in(batch, title=…, host_name=…, minutes=…)."""

    def make(batch: IngestBatch, *, host_name: str = "WS-1031", minutes: float = 0, **fields: Any) -> Alert:
        moment = NOON + dt.timedelta(minutes=minutes)
        alert: Alert = AlertFactory.create(batch=batch, source=batch.source, detected_at=moment, **fields)
        entity, _ = Entity.objects.get_or_create(
            type=EntityType.HOST,
            key=key_of(EntityType.HOST, host_name),
            defaults={"value": host_name, "first_seen_at": NOON},
        )
        AlertEntity.objects.create(alert=alert, entity=entity, role="target")
        return alert

    return make


def judge(user: User, alert_id: uuid.UUID, classification: str) -> None:
    """Give an analyst's verdict through the product's own service."""
    give_verdict(user=user, alert_id=alert_id, classification=classification)
