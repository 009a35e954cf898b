"""Triage as rows: the fence, the lease, one verdict per alert, one record per batch."""

from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from accounts.models import AlertSource
from audit.models import Entry
from incidents.models import Alert, IngestBatch, TriageState, TriageVerdict
from incidents.services.digest import digest_of_ids
from incidents.services.ingest import ingest
from incidents.services.triage import (
    MAX_ATTEMPTS,
    BatchClaim,
    StaleFence,
    VerdictDraft,
    claim_batch,
    due_batch_ids,
    fail_batch,
    store_verdicts,
)
from live.models import LiveEvent
from tests.incidents.conftest import beacon, deliver

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(source: AlertSource) -> IngestBatch:
    result = deliver(source, *[beacon(f"ws-{n}") for n in range(3)])
    return IngestBatch.objects.get(id=result.batch_ids[0])


def drafts(batch: IngestBatch, verdict: str = "suspicious") -> list[VerdictDraft]:
    return [
        VerdictDraft(
            alert_id=alert_id,
            engine="embedded-v1",
            verdict=verdict,
            severity="low",
            probability=0.5,
            confidence=0.5,
            reasoning="Too little is known [1].",
            evidence=[{"claim": "no earlier verdict", "source": "verdicts", "ref": "", "weight": 0}],
        )
        for alert_id in Alert.objects.filter(batch=batch).order_by("id").values_list("id", flat=True)
    ]


def claimed(batch: IngestBatch) -> BatchClaim:
    """Claim the batch, which must be free."""
    claim = claim_batch(batch_id=batch.id)
    assert claim is not None
    return claim


def lose_lease(batch: IngestBatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_ingestbatch SET triage_lease_until = clock_timestamp() - interval '1 s' WHERE id = %s",
            [str(batch.id)],
        )


def test_a_claimed_batch_is_nobody_elses(batch: IngestBatch) -> None:
    claim = claimed(batch)
    assert claim.fence == 1
    assert claim_batch(batch_id=batch.id) is None


def test_verdicts_end_the_triage_with_one_entry_and_one_event(batch: IngestBatch) -> None:
    claim = claimed(batch)
    entries, events = Entry.objects.count(), LiveEvent.objects.count()
    said = drafts(batch)
    assert store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=said) == 3
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.DONE
    assert set(Alert.objects.values_list("triage_state", flat=True)) == {TriageState.DONE}
    assert not Alert.objects.filter(triaged_at=None).exists()
    assert (Entry.objects.count(), LiveEvent.objects.count()) == (entries + 1, events + 1)
    after = Entry.objects.latest("seq").body["after"]
    assert after["verdicts"] == {"suspicious": 3}
    assert after["ids_digest"] == digest_of_ids(draft.alert_id for draft in said)


def test_an_old_fence_stores_nothing(batch: IngestBatch) -> None:
    old = claimed(batch)
    lose_lease(batch)
    new = claimed(batch)
    with pytest.raises(StaleFence):
        store_verdicts(batch=old.batch, fence=old.fence, verdicts=drafts(batch))
    with pytest.raises(StaleFence):
        fail_batch(batch=old.batch, fence=old.fence, error="late")
    assert not TriageVerdict.objects.exists()
    assert new.fence == 2


def test_a_finished_batch_takes_no_second_storing(batch: IngestBatch) -> None:
    claim = claimed(batch)
    store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts(batch))
    with pytest.raises(StaleFence):
        store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts(batch))
    assert TriageVerdict.objects.count() == 3


def test_an_alert_without_a_draft_is_failed_and_left_to_people(batch: IngestBatch) -> None:
    claim = claimed(batch)
    store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts(batch)[:2])
    assert Alert.objects.filter(triage_state=TriageState.FAILED).count() == 1
    assert TriageVerdict.objects.count() == 2


def test_a_draft_for_an_alert_of_another_batch_stores_nothing(batch: IngestBatch, source: AlertSource) -> None:
    other = IngestBatch.objects.get(id=deliver(source, beacon("other")).batch_ids[0])
    claim = claimed(batch)
    with pytest.raises(ValueError, match="not in the batch"):
        store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts(other))
    assert not TriageVerdict.objects.exists()


def test_a_later_verdict_becomes_the_current_one_and_the_first_stays(batch: IngestBatch) -> None:
    claim = claimed(batch)
    store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts(batch))
    first_triaged = dict(Alert.objects.values_list("id", "triaged_at"))
    IngestBatch.objects.filter(id=batch.id).update(triage_state=TriageState.PENDING)
    again = claimed(batch)
    store_verdicts(batch=again.batch, fence=again.fence, verdicts=drafts(batch, "true_positive"))
    assert TriageVerdict.objects.filter(is_current=True, verdict="true_positive").count() == 3
    assert TriageVerdict.objects.filter(is_current=False, verdict="suspicious").count() == 3
    assert dict(Alert.objects.values_list("id", "triaged_at")) == first_triaged


def test_a_failure_is_tried_again_later_and_not_at_once(batch: IngestBatch) -> None:
    claim = claimed(batch)
    failed = fail_batch(batch=claim.batch, fence=claim.fence, error="engine away")
    assert (failed.triage_state, failed.triage_error) == (TriageState.PENDING, "engine away")
    assert claim_batch(batch_id=batch.id) is None
    lose_lease(batch)
    assert claim_batch(batch_id=batch.id) is not None


def test_a_permanent_failure_is_final_and_recorded(batch: IngestBatch) -> None:
    claim = claimed(batch)
    fail_batch(batch=claim.batch, fence=claim.fence, error="no engine", permanent=True)
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.FAILED
    assert set(Alert.objects.values_list("triage_state", flat=True)) == {TriageState.FAILED}
    assert Entry.objects.latest("seq").body["action"] == "incidents.batch.triage_failed"
    assert claim_batch(batch_id=batch.id) is None


def test_a_batch_whose_worker_dies_every_time_is_given_up(batch: IngestBatch) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert claim_batch(batch_id=batch.id) is not None
        lose_lease(batch)
    assert claim_batch(batch_id=batch.id) is None
    batch.refresh_from_db()
    assert batch.triage_state == TriageState.FAILED


def test_due_batches_are_those_that_wait_or_lost_their_lease(batch: IngestBatch, source: AlertSource) -> None:
    assert due_batch_ids(older_than_seconds=0) == [batch.id]
    assert due_batch_ids(older_than_seconds=60) == []
    claim = claimed(batch)
    assert due_batch_ids(older_than_seconds=0) == []
    lose_lease(batch)
    assert due_batch_ids(older_than_seconds=0) == [batch.id]
    lose_lease(batch)
    again = claimed(batch)
    store_verdicts(batch=again.batch, fence=again.fence, verdicts=drafts(batch))
    assert due_batch_ids(older_than_seconds=0) == []
    assert claim.fence < again.fence


def test_an_unknown_batch_is_not_claimed() -> None:
    assert claim_batch(batch_id="00000000-0000-0000-0000-000000000000") is None


def test_ingest_nudges_one_task_per_batch(
    source: AlertSource,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr("live.nudge.current_app.send_task", lambda name, args, **_: sent.append((name, args)))
    with django_capture_on_commit_callbacks(execute=True):
        result = deliver(source, *[beacon(f"ws-{n}") for n in range(50)])
    assert sent == [("agents.triage_batch", (str(result.batch_ids[0]),))]
    assert ingest(source=source, items=[]).batch_ids == []
