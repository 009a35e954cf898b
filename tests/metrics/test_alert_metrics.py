"""Triage and response times, automation and accuracy: exact values over hand-made alerts."""

import datetime as dt

import pytest

from accounts.models import User
from approvals import catalogue
from approvals.services.execute import Claim, claim_action, execute, finish
from approvals.services.reconcile import settle
from incidents.models import Alert
from integrations.base import CallResult, Ending
from metrics.facts import CONTAINMENT
from metrics.periods import Period
from tests.factories.incidents import AlertFactory, AlertSourceFactory, TriageVerdictFactory
from tests.metrics.conftest import DAY, NOW, TEN, Judge, MakeAlert, reading_of, seconds, these_days
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db


def test_triage_time_counts_to_the_first_classification_by_whom_ever(
    alert: MakeAlert, judge: Judge, manager: User
) -> None:
    alert(triaged=10)
    alert(triaged=20)
    judge(alert(triaged=300), "false_positive", after=60)
    judge(alert(), "true_positive", after=90)
    alert(received_at=TEN - seconds(3600))
    reading = reading_of("mttt", manager)
    assert (reading.figures.n, reading.value) == (4, 45.0)
    assert reading.figures.p50 == 40.0
    assert reading.figures.p90 == pytest.approx(81.0)
    by_split = {item.name: (item.figures.n, item.figures.mean) for item in reading.splits}
    assert by_split == {"automatic": (2, 15.0), "human": (2, 75.0), "waiting": (0, None)}
    assert (reading.figures.open, reading.figures.oldest_open_at) == (1, TEN - seconds(3600))
    assert reading.coverage == "4 of 5 alerts received in the period; 1 not classified yet, the oldest since 27 h 0 min"


def test_a_period_takes_its_first_moment_and_leaves_its_last(alert: MakeAlert, manager: User) -> None:
    alert(triaged=1, received_at=DAY.start)
    alert(triaged=1, received_at=DAY.end)
    alert(triaged=7, received_at=DAY.start - seconds(0.001))
    reading = reading_of("mttt", manager)
    assert (reading.figures.n, reading.previous.n, reading.delta) == (1, 1, -6.0)


def test_alerts_of_another_team_are_not_counted(alert: MakeAlert, manager: User, outsider: User) -> None:
    alert(triaged=10)
    foreign = AlertFactory.create(source=AlertSourceFactory.create(team__slug="lab"), received_at=TEN, detected_at=TEN)
    TriageVerdictFactory.create(alert=foreign, created_at=TEN + seconds(500))
    assert reading_of("mttt", manager).value == 10.0
    assert reading_of("mttt", outsider).value == 500.0


def test_response_time_runs_from_detection_to_the_verified_containment(
    proposed: Propose, alert: MakeAlert, analyst: User, manager: User
) -> None:
    contained = alert()
    action = proposed(alert_id=contained.id)
    vote(analyst, action)
    assert execute(action_id=action.id) == "executed"
    action.refresh_from_db()
    assert action.outcome is not None
    assert action.outcome["verified"] is True
    assert action.ended_at is not None
    Alert.objects.filter(pk=contained.pk).update(detected_at=action.ended_at - seconds(754))
    waiting = alert(detected_at=action.ended_at - seconds(7200))
    proposed("disable_user", "user", "j.doe", alert_id=waiting.id)
    reading = reading_of("mttr", manager, these_days())
    assert (reading.figures.n, reading.value, reading.figures.open) == (1, 754.0, 1)
    assert [(item.name, item.figures.n) for item in reading.splits] == [("human", 1), ("open", 0)]


def test_what_was_turned_down_or_called_false_is_not_open(
    proposed: Propose, alert: MakeAlert, judge: Judge, analyst: User, manager: User
) -> None:
    now = these_days().end - dt.timedelta(days=1)
    first, second = alert(detected_at=now), alert(detected_at=now, triaged=1)
    vote(analyst, proposed(alert_id=first.id), "reject", reason_code="wrong_target", comment="")
    proposed("disable_user", "user", "j.doe", alert_id=second.id)
    assert reading_of("mttr", manager, these_days()).figures.open == 1
    judge(second, "false_positive")
    assert reading_of("mttr", manager, these_days()).figures.open == 0


def test_a_word_that_it_happened_is_no_verification_and_closing_the_alert_ends_the_wait(
    proposed: Propose, alert: MakeAlert, analyst: User, senior: User, manager: User
) -> None:
    touched = alert(detected_at=these_days().start + dt.timedelta(hours=1))
    action = proposed(alert_id=touched.id)
    vote(analyst, action)
    claim = claim_action(action_id=action.id)
    assert isinstance(claim, Claim)
    finish(action_id=action.id, fence=claim.fence, result=CallResult(Ending.AMBIGUOUS, "no answer"))
    assert settle(user=senior, action_id=action.id, happened=True, evidence="seen it").status == "executed"
    reading = reading_of("mttr", manager, these_days())
    assert (reading.value, reading.figures.open) == (None, 1)
    Alert.objects.filter(pk=touched.pk).update(status="closed")
    assert reading_of("mttr", manager, these_days()).figures.open == 0


def test_a_containment_before_its_detection_is_left_out(
    proposed: Propose, alert: MakeAlert, analyst: User, manager: User
) -> None:
    ahead = alert(detected_at=these_days().end - dt.timedelta(hours=1))
    action = proposed(alert_id=ahead.id)
    vote(analyst, action)
    execute(action_id=action.id)
    reading = reading_of("mttr", manager, these_days())
    assert (reading.value, reading.figures.n, reading.figures.open) == (None, 0, 0)


def test_containment_names_only_types_of_the_catalogue_that_undo_nothing() -> None:
    assert set(CONTAINMENT) <= set(catalogue.CATALOGUE)
    undoing = ("unblock_", "enable_", "restore_", "release_")
    assert not [name for name in CONTAINMENT if name.startswith(undoing)]


def test_automation_counts_what_no_person_touched_and_its_value_is_for_low_severity(
    alert: MakeAlert, judge: Judge, proposed: Propose, analyst: User, manager: User
) -> None:
    alert(triaged=1, severity="low", verdict="false_positive")
    alert(triaged=1, severity="low", verdict="suspicious")
    alert(triaged=1, severity="low", verdict="false_positive", vetoes=["new rule"])
    judge(alert(triaged=1, severity="low"), "true_positive")
    acted_on = alert(triaged=1, severity="high")
    vote(analyst, proposed(alert_id=acted_on.id))
    alert(triaged=1, severity="high")
    alert(severity="low")
    reading = reading_of("automation_rate", manager)
    assert (reading.figures.n, reading.value) == (4, 0.25)
    assert {item.name: item.figures.mean for item in reading.splits} == {"high": 0.5, "low": 0.25}


def test_precision_and_recall_follow_from_the_confusion(alert: MakeAlert, judge: Judge, manager: User) -> None:
    pairs = [("true_positive", "true_positive")] * 3 + [("true_positive", "false_positive")]
    pairs += [
        ("suspicious", "true_positive"),
        ("false_positive", "true_positive"),
        ("false_positive", "false_positive"),
    ]
    for engine, person in pairs:
        judge(alert(triaged=1, verdict=engine), person)
    reading = reading_of("agent_accuracy", manager)
    assert reading.confusion is not None
    assert (reading.figures.n, reading.value) == (4, 0.75)
    assert reading.confusion.recall_of("true_positive") == (3, 5)
    assert reading.confusion.cells["suspicious"] == {"true_positive": 1, "suspicious": 0, "false_positive": 0}


def test_the_last_word_of_people_is_compared_once(alert: MakeAlert, judge: Judge, lead: User, manager: User) -> None:
    changed = alert(triaged=1)
    judge(changed, "false_positive", after=60)
    judge(changed, "true_positive", after=120, user=lead)
    reading = reading_of("agent_accuracy", manager)
    assert (reading.all_figures.n, reading.value) == (1, 1.0)
    assert reading_of("override_rate", manager).value == 0.0


def test_a_verdict_of_a_person_without_one_of_the_engine_is_no_comparison(
    alert: MakeAlert, judge: Judge, manager: User
) -> None:
    judge(alert(), "true_positive")
    reading = reading_of("agent_accuracy", manager)
    assert (reading.value, reading.figures.n, reading.reason) == (None, 0, "No alerts in this period.")


def test_days_are_utc_days_of_the_period(alert: MakeAlert, manager: User) -> None:
    alert(triaged=4, received_at=DAY.start + seconds(1))
    alert(triaged=8, received_at=DAY.start - seconds(1))
    two_days = Period(DAY.start - dt.timedelta(days=1), NOW - dt.timedelta(days=1) + dt.timedelta(hours=11))
    days = reading_of("mttt", manager, two_days).days
    assert [(item.day.isoformat(), item.figures.p50) for item in days] == [("2026-03-08", 8.0), ("2026-03-09", 4.0)]
