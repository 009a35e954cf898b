"""Hand-made alerts at known moments; actions that go through the services, because the database judges their times."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AlertSource, User
from incidents.models import Alert, VerdictFeedback
from metrics.definitions import BY_KEY
from metrics.periods import Period
from metrics.readings import Reading
from metrics.selectors import read, scope_of
from tests.factories.incidents import AlertFactory, TriageVerdictFactory

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
DAY = Period(dt.datetime(2026, 3, 9, tzinfo=dt.UTC), dt.datetime(2026, 3, 10, tzinfo=dt.UTC))
#: Ten in the morning of the day that is looked at.
TEN = dt.datetime(2026, 3, 9, 10, 0, tzinfo=dt.UTC)

MakeAlert = Callable[..., Alert]
Judge = Callable[..., VerdictFeedback]


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def reading_of(key: str, viewer: User, period: Period = DAY, now: dt.datetime = NOW) -> Reading:
    """Return one metric of the viewer's teams as of `now`."""
    return read(scope_of(viewer), period, now, BY_KEY[key])


def these_days() -> Period:
    """Return the two days around the real now, in which the services work."""
    now = timezone.now()
    return Period(now - dt.timedelta(days=1), now + dt.timedelta(days=1))


@pytest.fixture
def alert(source: AlertSource) -> MakeAlert:
    """Return a function that makes an alert received at TEN; `triaged` is seconds until the engine's verdict."""

    def make(*, triaged: float | None = None, verdict: str = "true_positive", vetoes: Any = (), **fields: Any) -> Alert:
        fields = {"source": source, "received_at": TEN, "detected_at": TEN, **fields}
        made: Alert = AlertFactory.create(**fields)
        if triaged is not None:
            at = fields["received_at"] + seconds(triaged)
            TriageVerdictFactory.create(alert=made, verdict=verdict, vetoes=list(vetoes), created_at=at)
            made.refresh_from_db()
        return made

    return make


@pytest.fixture
def judge(analyst: User) -> Judge:
    """Return a function that stores a person's verdict on an alert, `after` seconds after its receipt."""

    def make(alert: Alert, classification: str, *, after: float = 60, user: User = analyst) -> VerdictFeedback:
        engine = alert.verdicts.filter(is_current=True).first()
        return VerdictFeedback.objects.create(
            alert=alert,
            verdict=engine,
            user=user,
            person_id=user.person_id,
            classification=classification,
            is_override=engine is not None and engine.verdict != classification,
            created_at=alert.received_at + seconds(after),
        )

    return make
