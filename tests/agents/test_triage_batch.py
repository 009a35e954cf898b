"""Triage of a batch in the product: real rows, real fences."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from agents.models import LearntVerdict, SeenPair
from agents.services.triage_batch import triage_batch
from agents.sweeps import nudge_due
from agents.triage.verdict import ENGINE
from incidents.models import Alert, IngestBatch, TriageState, TriageVerdict, VerdictFeedback
from incidents.services.triage import MAX_ATTEMPTS, VerdictDraft, claim_batch, store_verdicts
from tests.agents.conftest import judge
from tests.factories.incidents import AlertSourceFactory, IngestBatchFactory

pytestmark = pytest.mark.django_db(transaction=True)
Maker = Callable[..., Alert]


def expire_lease(batch: IngestBatch) -> None:
    IngestBatch.objects.filter(pk=batch.pk).update(triage_lease_until=None)


def test_batch_gets_one_verdict_per_alert_with_cited_evidence(batch: IngestBatch, alert_in: Maker) -> None:
    alerts = [alert_in(batch, minutes=number, detection_id=f"r{number}") for number in range(3)]
    assert triage_batch(batch_id=batch.id) == 3
    verdicts = TriageVerdict.objects.filter(is_current=True)
    assert {verdict.alert_id for verdict in verdicts} == {alert.id for alert in alerts}
    for verdict in verdicts:
        assert verdict.engine == ENGINE
        cited = [item["claim"] for item in verdict.evidence]
        lines = [line for line in verdict.reasoning.splitlines() if line.endswith("]")]
        assert lines
        assert all(cited[number] in line for number, line in enumerate(lines))
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.DONE
    assert set(Alert.objects.values_list("triage_state", flat=True)) == {"done"}


def test_task_delivered_twice_gives_one_verdict_per_alert(batch: IngestBatch, alert_in: Maker) -> None:
    alert_in(batch)
    assert triage_batch(batch_id=batch.id) == 1
    assert triage_batch(batch_id=batch.id) == 0
    assert TriageVerdict.objects.count() == 1
    assert SeenPair.objects.get().sightings == 1


def test_two_workers_at_once_give_one_verdict_per_alert(batch: IngestBatch, alert_in: Maker) -> None:
    for number in range(20):
        alert_in(batch, minutes=number)
    stored: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        stored.append(triage_batch(batch_id=batch.id))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [0, 0, 0, 20]
    assert TriageVerdict.objects.count() == 20


def test_unknown_batch_is_nothing_to_do(team: Team) -> None:
    assert triage_batch(batch_id=uuid.uuid4()) == 0
    assert TriageVerdict.objects.count() == 0


def test_batch_of_a_worker_that_died_is_triaged_after_its_lease(batch: IngestBatch, alert_in: Maker) -> None:
    alert_in(batch)
    assert claim_batch(batch_id=batch.id) is not None
    assert triage_batch(batch_id=batch.id) == 0
    expire_lease(batch)
    assert triage_batch(batch_id=batch.id) == 1


def test_worker_that_lost_its_lease_stores_nothing(batch: IngestBatch, alert_in: Maker) -> None:
    alert = alert_in(batch)
    lost = claim_batch(batch_id=batch.id)
    assert lost is not None
    expire_lease(batch)
    assert triage_batch(batch_id=batch.id) == 1
    draft = VerdictDraft(alert.id, "late", "false_positive", "low", 0.1, 0.9, "late")
    with pytest.raises(Exception, match="fence"):
        store_verdicts(batch=lost.batch, fence=lost.fence, verdicts=[draft])
    assert list(TriageVerdict.objects.values_list("engine", flat=True)) == [ENGINE]


def test_batch_that_fails_three_times_ends_failed_with_its_reason_and_blocks_no_other(
    batch: IngestBatch, alert_in: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_in(batch)
    other = IngestBatchFactory.create(source=AlertSourceFactory.create(team=batch.source.team))
    alert_in(other)

    def broken(*args: object, **kwargs: object) -> None:
        raise ValueError("the statistics are\x00 broken")

    with monkeypatch.context() as patch:
        patch.setattr("agents.services.triage_batch.record_for", broken)
        for _ in range(MAX_ATTEMPTS):
            expire_lease(batch)
            with pytest.raises(ValueError, match="statistics"):
                triage_batch(batch_id=batch.id)
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.FAILED
    assert batch.triage_error == "ValueError: the statistics are broken"
    assert TriageVerdict.objects.count() == 0
    assert SeenPair.objects.count() == 0
    expire_lease(batch)
    assert triage_batch(batch_id=batch.id) == 0
    assert triage_batch(batch_id=other.id) == 1


def test_failed_attempt_is_tried_again(batch: IngestBatch, alert_in: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    alert_in(batch)

    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr("agents.services.triage_batch.save", broken)
        with pytest.raises(OSError, match="away"):
            triage_batch(batch_id=batch.id)
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.PENDING
    assert TriageVerdict.objects.count() == 0
    expire_lease(batch)
    assert triage_batch(batch_id=batch.id) == 1
    assert SeenPair.objects.get().sightings == 1


def test_sweep_nudges_a_lost_batch_once_and_not_a_done_one(batch: IngestBatch, alert_in: Maker) -> None:
    alert_in(batch)
    assert nudge_due() == 1
    assert nudge_due() == 0
    triage_batch(batch_id=batch.id)
    done = IngestBatchFactory.create(source=batch.source, triage_state=TriageState.DONE)
    assert nudge_due() == 0
    assert done.triage_state == TriageState.DONE


def probability(alert: Alert) -> float:
    return TriageVerdict.objects.get(alert=alert, is_current=True).probability


def next_alert(batch: IngestBatch, alert_in: Maker, **fields: object) -> Alert:
    """Return one more alert of the same rule, triaged in a batch of its own."""
    following = IngestBatchFactory.create(source=batch.source)
    alert = alert_in(following, **fields)
    triage_batch(batch_id=following.id)
    return alert


def test_verdicts_move_the_next_batch(batch: IngestBatch, alert_in: Maker, analyst: User) -> None:
    alerts = [alert_in(batch, minutes=n, detection_id="r1", title="Odd log-in") for n in range(8)]
    triage_batch(batch_id=batch.id)
    for alert in alerts:
        judge(analyst, alert.id, "true_positive")
    up = next_alert(batch, alert_in, minutes=200, detection_id="r1", title="Odd log-in")
    other_rule = next_alert(batch, alert_in, minutes=200, host_name="WS-1032", detection_id="r2", title="Else")
    assert probability(up) > probability(alerts[-1]) + 0.2
    assert probability(up) > probability(other_rule)
    assert LearntVerdict.objects.count() == 8


def test_verdicts_of_another_team_teach_nothing(
    batch: IngestBatch, alert_in: Maker, analyst: User, other_team: Team
) -> None:
    alerts = [alert_in(batch, minutes=n, detection_id="r1", title="Odd log-in") for n in range(6)]
    triage_batch(batch_id=batch.id)
    for alert in alerts:
        judge(analyst, alert.id, "true_positive")
    foreign = IngestBatchFactory.create(source=AlertSourceFactory.create(team=other_team))
    untaught = alert_in(foreign, detection_id="r1", title="Odd log-in")
    triage_batch(batch_id=foreign.id)
    assert probability(untaught) == pytest.approx(probability(alerts[0]))
    assert not LearntVerdict.objects.filter(team=other_team).exists()


def test_one_analyst_alone_never_opens_the_closing_band(batch: IngestBatch, alert_in: Maker, analyst: User) -> None:
    alerts = [alert_in(batch, minutes=n, detection_id="r1", title="Noise") for n in range(30)]
    triage_batch(batch_id=batch.id)
    for alert in alerts:
        judge(analyst, alert.id, "false_positive")
    later = next_alert(batch, alert_in, minutes=600, detection_id="r1", title="Noise")
    vetoes = TriageVerdict.objects.get(alert=later).vetoes
    assert any("fewer than" in veto for veto in vetoes)


def test_changed_mind_counts_once(batch: IngestBatch, alert_in: Maker, analyst: User) -> None:
    alert = alert_in(batch, detection_id="r1", title="Odd log-in")
    triage_batch(batch_id=batch.id)
    for classification in ("true_positive", "true_positive", "false_positive"):
        judge(analyst, alert.id, classification)
    later = next_alert(batch, alert_in, minutes=300, detection_id="r1", title="Odd log-in")
    claim = TriageVerdict.objects.get(alert=later).evidence
    assert any("true 0 and false 1 times" in item["claim"] for item in claim)
    assert VerdictFeedback.objects.count() == 3


def test_suspicious_verdict_teaches_nothing(batch: IngestBatch, alert_in: Maker, analyst: User) -> None:
    alert = alert_in(batch, detection_id="r1", title="Odd log-in")
    triage_batch(batch_id=batch.id)
    judge(analyst, alert.id, "suspicious")
    later = next_alert(batch, alert_in, minutes=300, detection_id="r1", title="Odd log-in")
    assert LearntVerdict.objects.get().is_true is None
    assert any("no verdicts yet" in item["claim"] for item in TriageVerdict.objects.get(alert=later).evidence)


def test_hostile_text_ends_bounded_and_without_control_characters(batch: IngestBatch, alert_in: Maker) -> None:
    hostile = "\u202e<script>alert(1)</script>\x1b]0;\u2066" + "A" * 400
    alert_in(batch, title=hostile, raw='{"commandline": "mimikatz \\u202e\\n[1] Close this\\u0000"}')
    triage_batch(batch_id=batch.id)
    verdict = TriageVerdict.objects.get()
    shown = verdict.reasoning + "".join(item["claim"] + item["ref"] for item in verdict.evidence)
    assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set(shown)
    assert not any(line.startswith("[1] Close") for line in shown.splitlines())
    assert len(verdict.reasoning) <= 4_000


def test_statements_do_not_grow_with_the_alerts(batch: IngestBatch, alert_in: Maker) -> None:
    for number in range(40):
        alert_in(batch, minutes=number)
    with CaptureQueriesContext(connection) as statements:
        triage_batch(batch_id=batch.id)
    assert len(statements) < 40
