"""What a period may be, and what numbers look like in words."""

import datetime as dt

import pytest

from metrics import periods, words
from metrics.definitions import BY_KEY, Unit
from metrics.periods import BadPeriod
from tests.metrics.conftest import NOW


def test_a_day_alone_means_the_whole_day() -> None:
    period = periods.between("2026-03-09", "2026-03-09", NOW)
    assert (period.start, period.end - period.start) == (dt.datetime(2026, 3, 9, tzinfo=dt.UTC), dt.timedelta(days=1))
    assert period.before == dt.datetime(2026, 3, 8, tzinfo=dt.UTC)
    assert [day.isoformat() for day in period.days] == ["2026-03-09"]


def test_nothing_named_is_the_last_seven_days() -> None:
    period = periods.between("", "", NOW)
    assert (period.end, period.end - period.start) == (NOW, dt.timedelta(days=7))


def test_a_zone_whose_plus_became_a_space_is_understood() -> None:
    period = periods.between("2026-03-09T10:00:00 02:00", "2026-03-09T10:00:00Z", NOW)
    assert period.start == dt.datetime(2026, 3, 9, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        ("yesterday", "", "from"),
        ("2026-02-30", "", "from"),
        ("2026-03-09\x00", "", "from"),
        ("", "9999-12-31", "to"),
        ("", "0001-01-01", "to"),
        ("2026-03-10", "2026-03-08", "from"),
        ("2024-01-01", "2026-03-08", "from"),
        ("2026-03-09T25:00", "", "from"),
        ("9" * 400, "", "from"),
    ],
)
def test_a_period_that_cannot_be_taken_names_its_field(since: str, until: str, field: str) -> None:
    with pytest.raises(BadPeriod) as refused:
        periods.between(since, until, NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.44, "0.4 s"),
        (12, "12 s"),
        (59.6, "1 min"),
        (250, "4 min 10 s"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_lengths_of_time_in_words(value: float, shown: str) -> None:
    assert words.seconds(value) == shown


def test_targets_in_words() -> None:
    assert words.target(BY_KEY["mttt"]) == "under 5 min"
    assert words.target(BY_KEY["automation_rate"]) == "over 70 % of low severity"
    assert words.target(BY_KEY["decision_latency"]) == ""
    assert words.change(-0.0213, Unit.SHARE) == "\N{MINUS SIGN}2.1 points"
