"""Overrides, latency, deadlines and stamps: exact values over actions that the services moved."""

import datetime as dt

import pytest

from accounts.models import Agent, User
from approvals.models import EvidenceView
from approvals.services.cancel import cancel
from approvals.services.decide import Vote, decide
from approvals.services.execute import execute
from approvals.services.rollback import propose_rollback
from metrics.facts import FACTS
from metrics.wilson import wilson
from tests.metrics.conftest import Judge, MakeAlert, reading_of, seconds, these_days
from tests.proposals import Propose, fresh, vote

pytestmark = pytest.mark.django_db


def test_override_rate_counts_rejected_corrected_and_rolled_back_of_what_people_reviewed(
    proposed: Propose, alert: MakeAlert, judge: Judge, analyst: User, analyst2: User, manager: User
) -> None:
    undone = proposed(value="WS-1031")
    vote(analyst, undone)
    execute(action_id=undone.id)
    rollback = propose_rollback(user=analyst, action_id=undone.id)
    vote(analyst2, rollback)
    execute(action_id=rollback.id)
    vote(analyst, proposed(value="WS-1032"), "reject", reason_code="wrong_verdict")
    vote(analyst, proposed(value="WS-1033"))
    proposed(value="WS-1034")
    proposed("whois_lookup", "ip", "203.0.113.7")
    now = these_days().end - dt.timedelta(days=1)
    for engine, person in (
        ("true_positive", "true_positive"),
        ("false_positive", "true_positive"),
        ("suspicious", "true_positive"),
    ):
        judge(alert(received_at=now, triaged=1, verdict=engine), person)
    reading = reading_of("override_rate", manager, these_days())
    assert (reading.figures.n, reading.figures.total) == (6, 4.0)
    assert reading.value == pytest.approx(4 / 6)
    assert reading.interval == wilson(4, 6)
    assert {item.name: item.figures.n for item in reading.splits} == {
        "rejected": 1, "rolled_back": 1, "confirmed": 1,
        "verdict_confirmed": 1, "verdict_corrected": 1, "abstention_resolved": 1,
    }  # fmt: skip


def test_wilson_interval_has_the_published_values() -> None:
    low, high = wilson(81, 263) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = wilson(0, 10) or (1, 1)
    assert (low, round(high, 4)) == (0.0, 0.2775)
    assert wilson(0, 0) is None


def test_decision_latency_is_from_proposal_to_the_last_needed_vote(
    proposed: Propose, analyst: User, senior: User, lead: User, manager: User
) -> None:
    dual = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, dual)
    assert reading_of("decision_latency", manager, these_days()).figures.n == 0
    vote(lead, dual)
    proposed("whois_lookup", "ip", "203.0.113.7")
    proposed(value="WS-1033")
    dual.refresh_from_db()
    assert dual.decided_at is not None
    reading = reading_of("decision_latency", manager, these_days())
    assert reading.value == pytest.approx((dual.decided_at - dual.created_at).total_seconds(), abs=1e-6)
    assert {item.name: (item.figures.n, item.figures.open) for item in reading.splits} == {
        "recommended": (0, 1),
        "dual_required": (1, 0),
    }


def test_proceeding_at_the_deadline_does_not_keep_it(proposed: Propose, analyst: User, manager: User) -> None:
    vote(analyst, proposed(value="WS-1031"))
    left = proposed(value="WS-1032")
    assert left.deadline_at is not None
    before, after = left.deadline_at - seconds(60), left.deadline_at + seconds(60)
    assert reading_of("sla_kept", manager, these_days(), before).figures.n == 0
    reading = reading_of("sla_kept", manager, these_days(), after)
    assert (reading.figures.n, reading.value) == (2, 0.5)
    assert {item.name: item.figures.n for item in reading.splits} == {"met": 1, "overdue": 1}


def test_an_approval_is_a_stamp_without_evidence_or_within_five_seconds(
    proposed: Propose, analyst: User, manager: User
) -> None:
    vote(analyst, proposed(value="WS-1031"))
    unseen = proposed(value="WS-1032")
    decide(user=analyst, action_id=unseen.id, vote=Vote("approve", unseen.digest), proof=fresh())
    read = proposed(value="WS-1033")
    opened = dt.datetime.now(dt.UTC) - seconds(30)
    EvidenceView.objects.create(action=read, user=analyst, first_seen_at=opened)
    vote(analyst, read)
    vote(analyst, proposed(value="WS-1034"), "reject", reason_code="other")
    reading = reading_of("rubber_stamp", manager, these_days())
    assert reading.figures.n == 3
    assert reading.value == pytest.approx(2 / 3)
    assert {item.name: item.figures.n for item in reading.splits} == {"not_opened": 1, "too_fast": 1, "read": 1}
    assert [round(reading.value_of(item) or 0, 3) for item in reading.splits] == [0.333, 0.333, 0.333]


def test_what_was_refused_or_taken_back_in_time_was_not_due(
    proposed: Propose, agent: Agent, analyst: User, manager: User
) -> None:
    assert proposed("isolate_host", "host", "CTRL-01").status == "refused"
    cancel(agent=agent, action_id=proposed(value="WS-1031").id)
    left = proposed(value="WS-1032")
    assert left.deadline_at is not None
    reading = reading_of("sla_kept", manager, these_days(), left.deadline_at + seconds(60))
    assert {item.name: item.figures.n for item in reading.splits} == {"overdue": 1}


def test_no_metric_counts_rows_of_another_team(
    proposed: Propose, alert: MakeAlert, judge: Judge, analyst: User, outsider: User
) -> None:
    now = these_days().end - dt.timedelta(days=1)
    judge(alert(received_at=now, triaged=1), "true_positive")
    made = proposed(alert_id=alert(received_at=now, detected_at=now).id)
    vote(analyst, made)
    assert made.deadline_at is not None
    for key in FACTS:
        mine = reading_of(key, analyst, these_days(), made.deadline_at + seconds(60)).all_figures
        theirs = reading_of(key, outsider, these_days(), made.deadline_at + seconds(60)).all_figures
        assert (key, mine.n + mine.open > 0, theirs.n + theirs.open) == (key, True, 0)
