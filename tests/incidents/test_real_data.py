"""Real alerts: the fields that the payloads offer are filled, and all of them are stored."""

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accounts.models import AlertSource
from incidents.models import Alert, AlertEntity, AlertPayload
from incidents.normalize import normalize
from incidents.services.ingest import ingest
from incidents.wire import read_item
from tests.incidents.conftest import LIMIT, rows_of
from tests.incidents.test_normalize import check

STREAM = "streams/ait_ads_russellmitchell.jsonl.gz"


def without_labels(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"label", "event_label"}}


def test_rieger_alerts_are_wazuh_with_rule_title_time_and_host(real_data: Path) -> None:
    rows = list(rows_of(real_data / "triage/rieger_wazuh_178.jsonl.gz"))
    alerts = [normalize(row["alert"]) for row in rows]
    assert {alert.format for alert in alerts} == {"wazuh"}
    assert all(alert.detected_at and alert.detection_id and alert.external_id for alert in alerts)
    assert all(any(ref.type == "host" for ref in alert.entities) for alert in alerts)
    assert not any(alert.title == "Alert without a title" for alert in alerts)


def test_rieger_techniques_are_those_that_the_rule_names(real_data: Path) -> None:
    for row in rows_of(real_data / "triage/rieger_wazuh_178.jsonl.gz"):
        named = row["alert"]["event"]["_source"]["rule"].get("mitre", {}).get("id", [])
        assert set(named) <= set(normalize(row["alert"]).techniques)


def test_stream_rows_name_rule_host_address_and_time(real_data: Path) -> None:
    for row in itertools.islice(rows_of(real_data / STREAM), 3000):
        alert = normalize(without_labels(row))
        assert (alert.format, alert.title, alert.detection_id) == ("ait_ads", row["name"], row["short"])
        assert alert.detected_at is not None
        assert alert.detected_at.timestamp() == row["t"]
        assert ("host", row["host"]) in {(ref.type, ref.value) for ref in alert.entities}


def test_meta_rows_keep_rule_and_time(real_data: Path) -> None:
    for row in itertools.islice(rows_of(real_data / "streams/ait_meta_russellmitchell.jsonl.gz"), 1000):
        alert = normalize(row["alert"])
        assert (alert.title, alert.detection_id) == (row["alert"]["rule"]["title"], row["alert"]["rule"]["id"])
        assert alert.detected_at is not None
        assert alert.detected_at.timestamp() == row["alert"]["event"]["time"]


@pytest.mark.parametrize(
    "pattern",
    [
        "triage/*.jsonl.gz",
        "native_misc/*.jsonl*",
        "native_ocsf/*.jsonl.gz",
        "native_panther/*.jsonl.gz",
        "native_sekoia/*.jsonl.gz",
    ],
)
def test_no_payload_of_any_vendor_is_refused(real_data: Path, pattern: str) -> None:
    seen = 0
    for path in sorted(real_data.glob(pattern)):
        for row in itertools.islice(rows_of(path), 60):
            check(normalize(row.get("alert", row.get("payload", row))))
            seen += 1
    assert seen > 30


@pytest.mark.django_db
def test_a_stretch_of_the_storm_is_stored_and_folded(real_data: Path, source: AlertSource) -> None:
    rows = [without_labels(row) for row in itertools.islice(rows_of(real_data / STREAM), 2000)]

    items = [read_item(number, msgspec.json.encode(row), max_bytes=LIMIT) for number, row in enumerate(rows)]
    result = ingest(source=source, items=items)
    assert result.rejected == []
    assert len(result.ids) == 2000
    assert result.created == Alert.objects.count() < 200
    assert sum(Alert.objects.values_list("count", flat=True)) == 2000
    assert AlertPayload.objects.count() == 2000
    assert AlertEntity.objects.filter(entity__type="host").values("alert").distinct().count() == result.created
