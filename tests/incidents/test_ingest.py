"""Ingestion as a service: what is stored, what is folded, what is refused, and what is recorded once per batch."""

import hashlib
import json

import pytest

from accounts.models import AlertSource
from audit.models import Entry
from incidents.models import Alert, AlertEntity, AlertPayload, Entity, IngestBatch, TriageState
from incidents.services.digest import digest_of_ids
from incidents.services.ingest import ingest
from incidents.wire import read_body
from tests.factories.incidents import AlertSourceFactory
from tests.incidents.conftest import beacon, deliver

pytestmark = pytest.mark.django_db


def test_ids_come_back_in_input_order_with_repeats_pointing_at_their_alert(source: AlertSource) -> None:
    result = deliver(source, beacon("a-1"), beacon("b-1"), beacon("a-1"))
    assert (result.created, result.duplicates) == (2, 1)
    assert result.ids[0] == result.ids[2] != result.ids[1]
    assert Alert.objects.get(id=result.ids[0]).count == 2


def test_a_repeat_in_a_later_delivery_raises_count_and_last_seen(source: AlertSource) -> None:
    first = deliver(source, beacon(at="2026-03-04T12:00:00Z"))
    second = deliver(source, beacon(at="2026-03-04T12:30:00Z"))
    alert = Alert.objects.get()
    assert second.ids == first.ids
    assert (second.created, second.duplicates, alert.count, alert.revision) == (0, 1, 2, 2)
    assert alert.last_seen.isoformat() == "2026-03-04T12:30:00+00:00"


def test_the_same_detection_in_the_next_window_is_a_new_alert(source: AlertSource) -> None:
    deliver(source, beacon(at="2026-03-04T12:59:59Z"), beacon(at="2026-03-04T13:00:00Z"))
    assert Alert.objects.count() == 2


def test_a_repeat_keeps_the_hash_of_its_payload_but_not_the_text(source: AlertSource) -> None:
    deliver(source, beacon(note="one"), beacon(note="two"))
    kept, repeated = AlertPayload.objects.order_by("id")
    assert json.loads(kept.raw)["note"] == "one"
    assert repeated.raw == ""
    assert repeated.sha256 == hashlib.sha256(json.dumps(beacon(note="two")).encode()).hexdigest()


@pytest.mark.parametrize("apart", [False, True])
def test_a_worse_repeat_raises_the_severity_and_a_milder_one_lowers_nothing(source: AlertSource, apart: bool) -> None:
    payloads = [beacon(severity="low"), beacon(severity="critical"), beacon(severity="medium"), beacon()]
    for part in [[one] for one in payloads] if apart else [payloads]:
        deliver(source, *part)
    alert = Alert.objects.get()
    assert (alert.count, alert.severity, alert.severity_score) == (4, "critical", 9.5)


def test_a_repeat_adds_the_entities_that_it_alone_names(source: AlertSource) -> None:
    deliver(source, beacon(), beacon(url="http://evil.example/a"))
    assert sorted(AlertEntity.objects.values_list("entity__type", "role")) == [("host", "target"), ("url", "related")]


def test_hosts_that_differ_only_in_case_are_one_entity(source: AlertSource) -> None:
    result = deliver(source, beacon("WS-1001"), beacon("ws-1001"))
    assert result.duplicates == 1
    assert list(Entity.objects.values_list("value", flat=True)) == ["WS-1001"]


def test_a_batch_leaves_one_audit_entry_with_counts_ends_and_digest(source: AlertSource) -> None:
    before = Entry.objects.count()
    result = deliver(source, *[beacon(f"ws-{n}") for n in range(20)], 7)
    entry = Entry.objects.latest("seq").body
    assert Entry.objects.count() == before + 1
    assert entry["action"] == "incidents.batch.ingested"
    assert entry["after"] == {
        "created": 20,
        "duplicates": 0,
        "rejected": 1,
        "first_id": str(result.ids[0]),
        "last_id": str(result.ids[-1]),
        "ids_digest": digest_of_ids(result.ids),
    }


def test_a_bad_item_is_named_by_index_and_its_neighbours_are_stored(source: AlertSource) -> None:
    result = deliver(source, beacon("a-1"), 42, beacon("b-1"))
    assert result.rejected == [{"index": 1, "error": "An alert is a JSON object, or a text that is a log line."}]
    assert Alert.objects.count() == 2


def test_a_delivery_of_repeats_alone_waits_for_no_triage(source: AlertSource) -> None:
    deliver(source, beacon())
    deliver(source, beacon())
    states = IngestBatch.objects.order_by("received_at").values_list("triage_state", flat=True)
    assert list(states) == [TriageState.PENDING, TriageState.DONE]


def test_nothing_accepted_stores_no_batch(source: AlertSource) -> None:
    result = deliver(source, 1, None)
    assert len(result.rejected) == 2
    assert not IngestBatch.objects.exists()


def test_two_sources_never_share_an_alert(source: AlertSource) -> None:
    deliver(source, beacon())
    deliver(AlertSourceFactory.create(), beacon())
    assert Alert.objects.count() == 2


def test_a_key_that_stands_twice_keeps_the_last_and_the_alert_says_so(source: AlertSource) -> None:
    body = b'{"title":"first","title":"last","timestamp":"2026-03-04T12:00:00Z"}'
    ingest(source=source, items=read_body(body, ndjson=False, max_bytes=1000))
    alert = Alert.objects.get()
    assert alert.title == "last"
    assert alert.notes == ["The key 'title' stood more than once; the last was kept."]


def test_nul_and_half_surrogates_are_replaced_in_fields_and_kept_escaped_in_the_raw_text(source: AlertSource) -> None:
    body = rb'{"title":"a\u0000b\ud800c","timestamp":"2026-03-04T12:00:00Z"}'
    ingest(source=source, items=read_body(body, ndjson=False, max_bytes=1000))
    alert = Alert.objects.get()
    assert alert.title == "a\ufffdb\ufffdc"
    assert alert.payloads.get().raw == body.decode()
