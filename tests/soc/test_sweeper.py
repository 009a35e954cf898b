"""The sweeper's pace: one sweep that fails does not stop the others and does not fill the log."""

import logging

import pytest

from live.sweep import Sweep
from soc.management.commands.sweeper import Pace

pytestmark = pytest.mark.django_db


def fail() -> int:
    raise ValueError("broken")


def test_failing_sweep_is_logged_at_powers_of_two(caplog: pytest.LogCaptureFixture) -> None:
    pace = Pace(Sweep("broken", 0, fail))
    with caplog.at_level(logging.ERROR):
        for _ in range(9):
            pace.run_if_due()
    assert [vars(record)["in_a_row"] for record in caplog.records if record.message == "sweep.failed"] == [1, 2, 4, 8]


def test_success_starts_the_count_again() -> None:
    pace = Pace(Sweep("fine", 0, lambda: 3), failures=5)
    pace.run_if_due()
    assert pace.failures == 0


def test_sweep_waits_for_its_time() -> None:
    numbers = iter(range(1, 9))
    pace = Pace(Sweep("rare", 3600, lambda: next(numbers)))
    pace.run_if_due()
    pace.run_if_due()
    assert next(numbers) == 2
