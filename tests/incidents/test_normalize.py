"""Normalisers: what each format's fields become, and that nothing a sender writes makes one raise."""

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import EntityType
from incidents.normalize import FORMATS, NormalAlert, detect, normalize
from incidents.normalize.canonical import canonical
from incidents.normalize.severities import band
from incidents.normalize.times import parse_time

ELASTIC: dict[str, Any] = {
    "@timestamp": "2026-03-04T12:00:05.123Z",
    "kibana.alert.rule.name": "Suspicious PowerShell",
    "kibana.alert.rule": {
        "rule_id": "ps-1",
        "threat": [{"technique": [{"id": "T1059", "subtechnique": [{"id": "T1059.001"}]}]}],
    },
    "kibana.alert.severity": "high",
    "kibana.alert.risk_score": 73,
    "kibana.alert.original_time": "2026-03-04T12:00:00Z",
    "kibana.alert.uuid": "u-1",
    "host": {"name": "WS-1001", "ip": ["10.0.0.5", "fe80::1"]},
    "user.name": "mia",
    "user.domain": "CORP",
    "source": {"ip": "::ffff:203.0.113.9"},
    "process": {"executable": "C:\\Windows\\powershell.exe", "hash": {"sha256": "A" * 64}},
    "dns.question.name": "EVIL.Example.",
}
WAZUH: dict[str, Any] = {
    "_id": "hit-1",
    "_source": {
        "agent": {"name": "linux-1", "ip": "10.0.2.9", "id": "002"},
        "manager": {"name": "m"},
        "rule": {"id": "31168", "level": "15", "description": "Shellshock", "mitre": {"id": ["T1190"]}},
        "data": {"srcip": "10.0.2.8", "srcuser": "SOC\\\\mia"},
        "decoder": {"name": "web"},
        "full_log": '10.0.2.8 - - "GET http://bad.example/x HTTP/1.1"',
        "timestamp": "2025-07-08T19:19:49.698+0000",
        "id": "17.35",
    },
}
SURICATA: dict[str, Any] = {
    "timestamp": "2025-07-08T19:19:49.327330+0000",
    "event_type": "alert",
    "src_ip": "10.0.2.8",
    "dest_ip": "10.0.2.9",
    "flow_id": 1,
    "alert": {
        "severity": "1",
        "signature_id": 2022028,
        "signature": "ET WEB",
        "metadata": {"mitre_technique_id": ["T1190"]},
    },
    "http": {"hostname": "Shop.Example", "url": "/a?b=1"},
}
MATCH: dict[str, Any] = {
    "format": "sigma/windows-evtx-json",
    "rule": {"id": "s-1", "title": "Net use", "level": "critical", "tags": ["attack.t1021.002"]},
    "event": {
        "Event": {
            "System": {
                "EventID": 1,
                "Computer": "fs01.corp.lan",
                "TimeCreated": {"#attributes": {"SystemTime": "2021-10-08T12:57:04.5040081Z"}},
            },
            "EventData": {
                "Image": "C:\\Windows\\net.exe",
                "User": "CORP\\mia",
                "Hashes": "MD5=" + "B" * 32 + ",IMPHASH=" + "C" * 32,
            },
        }
    },
}
AIT_ROW: dict[str, Any] = {
    "t": 1642723347,
    "name": "Wazuh: ClamAV database update",
    "ip": "172.19.130.4",
    "host": "mail",
    "short": "W-Sys-Cav",
}
AIT_META: dict[str, Any] = {
    "format": "ait-ads/meta",
    "rule": {"id": "A-1", "title": "AMiner: New event"},
    "event": {"time": 1643932801, "last": 1643932803, "host": "cloud", "ips": ["10.237.0.4"], "count": 7},
}
EXAMPLES: list[dict[str, Any]] = [ELASTIC, WAZUH, SURICATA, MATCH, AIT_ROW, AIT_META]


def triples(alert: NormalAlert) -> set[tuple[str, str, str]]:
    return {(ref.type, ref.value, ref.role) for ref in alert.entities}


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (ELASTIC, "elastic"),
        (WAZUH, "wazuh"),
        (SURICATA, "suricata_eve"),
        (MATCH, "match_record"),
        (AIT_ROW, "ait_ads"),
        (AIT_META, "match_record"),
        ({"anything": 1}, "generic"),
        ("a text", "log_line"),
        ({"message": "a text"}, "log_line"),
        ({"event": {"original": "a text"}, "@timestamp": "2026-01-01T00:00:00Z"}, "log_line"),
        ({"message": "a text", "severity": "high"}, "generic"),
    ],
)
def test_the_format_is_detected(payload: object, named: str) -> None:
    assert detect(payload) == named


def test_elastic_dotted_and_nested_keys_are_read_alike() -> None:
    alert = normalize(ELASTIC)
    assert (alert.title, alert.detection_id, alert.external_id) == ("Suspicious PowerShell", "ps-1", "u-1")
    assert (alert.severity_score, alert.severity_origin) == (7.3, "source")
    assert alert.techniques == ("T1059", "T1059.001")
    assert alert.occurred_at == dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
    assert alert.detected_at == dt.datetime(2026, 3, 4, 12, 0, 5, 123000, tzinfo=dt.UTC)
    assert {
        ("host", "WS-1001", "target"),
        ("user", "CORP\\mia", "actor"),
        ("ip", "203.0.113.9", "source"),
        ("hash", "a" * 64, "related"),
        ("domain", "evil.example", "destination"),
        ("process", "C:\\Windows\\powershell.exe", "actor"),
    } <= triples(alert)


def test_wazuh_in_an_opensearch_hit_with_text_for_numbers() -> None:
    alert = normalize(WAZUH)
    assert (alert.title, alert.detection_id, alert.external_id) == ("Shellshock", "31168", "17.35")
    assert (band(alert.severity_score), alert.techniques) == ("critical", ("T1190",))
    assert {
        ("host", "linux-1", "target"),
        ("ip", "10.0.2.9", "target"),
        ("ip", "10.0.2.8", "source"),
        ("user", "SOC\\mia", "actor"),
        ("url", "http://bad.example/x", "related"),
    } <= triples(alert)


def test_a_suricata_record_inside_wazuh_gives_severity_and_tells_signatures_apart() -> None:
    record = copy.deepcopy(WAZUH["_source"])
    record["rule"] = {"id": "86601", "description": "Suricata: Alert - ET WEB"}
    record["data"] = SURICATA
    alert = normalize(record)
    assert (alert.detection_id, alert.detection_key, alert.severity_score) == ("86601", "86601:2022028", 8.0)
    assert ("host", "linux-1", "related") in triples(alert)


def test_suricata_counts_severity_downwards() -> None:
    alert = normalize(SURICATA)
    assert (alert.severity_score, alert.detection_id, alert.techniques) == (8.0, "2022028", ("T1190",))
    assert {
        ("ip", "10.0.2.8", "source"),
        ("ip", "10.0.2.9", "destination"),
        ("domain", "shop.example", "destination"),
        ("url", "http://shop.example/a?b=1", "destination"),
    } == triples(alert)


def test_a_match_record_takes_title_and_level_from_the_rule_and_the_rest_from_the_event() -> None:
    alert = normalize(MATCH)
    assert (alert.format, alert.title, alert.detection_id, alert.severity_score) == (
        "match_record",
        "Net use",
        "s-1",
        9.5,
    )
    assert alert.techniques == ("T1021.002",)
    assert alert.detected_at == dt.datetime(2021, 10, 8, 12, 57, 4, 504008, tzinfo=dt.UTC)
    assert triples(alert) == {
        ("host", "fs01.corp.lan", "target"),
        ("process", "C:\\Windows\\net.exe", "actor"),
        ("hash", "b" * 32, "related"),
        ("user", "CORP\\mia", "actor"),
    }


def test_naming_the_format_of_the_event_keeps_the_match_record_around_it() -> None:
    wrapped = {"format": "wazuh/opensearch_hit", "event": WAZUH}
    assert normalize(wrapped, format="wazuh").title == "Shellshock"
    assert normalize(MATCH, format="windows_event").detection_id == "s-1"


def test_ait_rows_and_groups_name_host_address_rule_and_time() -> None:
    row, group = normalize(AIT_ROW), normalize(AIT_META)
    assert (row.detection_id, row.title) == ("W-Sys-Cav", "Wazuh: ClamAV database update")
    assert row.detected_at == dt.datetime(2022, 1, 21, 0, 2, 27, tzinfo=dt.UTC)
    assert triples(row) == {("host", "mail", "target"), ("ip", "172.19.130.4", "target")}
    assert (group.detection_id, group.title) == ("A-1", "AMiner: New event")
    assert (row.severity_score, row.severity_origin) == (5.0, "default")


def test_a_generic_object_is_read_by_well_known_names_and_scanned_for_the_rest() -> None:
    alert = normalize(
        {
            "alertName": "Odd log-in",
            "ruleId": "g-1",
            "createdDateTime": "1772625600000",
            "Severity": "HIGH",
            "actor": {"alternateId": "mia@corp.example"},
            "clientIp": "198.51.100.7",
            "details": {"text": "see hxxps://evil[.]example/x and 10[.]1[.]2[.]3, T1078"},
            "tags": ["T1078"],
        }
    )
    assert (alert.title, alert.detection_id, alert.severity_score) == ("Odd log-in", "g-1", 8.0)
    assert alert.detected_at == dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
    assert alert.techniques == ("T1078",)
    assert {
        ("user", "mia@corp.example", "actor"),
        ("ip", "198.51.100.7", "source"),
        ("url", "https://evil.example/x", "related"),
        ("ip", "10.1.2.3", "related"),
    } <= triples(alert)


def test_what_is_not_known_is_said() -> None:
    alert = normalize({})
    assert alert.title == "Alert without a title"
    assert alert.notes == (
        "The payload names no title.",
        "The payload names no time; the time of arrival is used.",
    )


@pytest.mark.parametrize(
    ("line", "named", "title"),
    [
        ("CEF:0|V|P|1|100|Worm stopped|10|src=10.0.0.1", "cef", "Worm stopped"),
        ("Mar  4 12:00:00 gate CEF:0|V|P|1|100|Worm|High|src=10.0.0.1", "cef", "Worm"),
        (
            'date=2026-03-04 time=12:00:00 devname="fw" srcip=10.0.0.1 level="warning" msg="Port scan"',
            "key_value",
            "Port scan",
        ),
        ("<34>Mar  4 12:00:00 gate sshd[311]: Failed password for root from 10.0.0.1", "syslog", None),
        ("<165>1 2026-03-04T12:00:00.003Z gate app - ID47 - Failed from 10.0.0.1", "syslog", None),
        (
            '03/04-12:00:00.967271 [**] [1:15:18] "DOS attempt" [**] [Priority: 1] {TCP} 10.0.0.1:4 -> 10.0.0.2:80',
            "snort_fast",
            "DOS attempt",
        ),
        ("something about 10.0.0.1 happened", "log_line", "something about 10.0.0.1 happened"),
    ],
)
def test_log_lines_give_their_title_and_addresses(line: str, named: str, title: str | None) -> None:
    alert = normalize(line, reference=dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
    assert alert.format == named
    assert title is None or alert.title == title
    assert "10.0.0.1" in {ref.value for ref in alert.entities if ref.type == "ip"}
    if named != "log_line" and "12:00:00" in line:
        assert alert.detected_at is not None
        assert alert.detected_at.replace(microsecond=0) == dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("ip", "::ffff:10.0.0.1", "10.0.0.1"),
        ("ip", "192.168.10.21:80", "192.168.10.21"),
        ("ip", "[2001:DB8::1]:443", "2001:db8::1"),
        ("ip", "10[.]0[.]0[.]1", "10.0.0.1"),
        ("ip", "010.0.0.1", None),
        ("ip", "10.1", None),
        ("ip", "0x0a.0.0.1", None),
        ("ip", "fe80::1%\u202eabc", None),
        ("ip", "fe80::1%eth0", None),
        ("ip", "\uff11\uff10.0.0.1", None),
        ("ip", "\u0661\u0660.0.0.1", None),
        ("ip", "10.0.0.1\u202e", None),
        ("ip", "0.0.0.0", None),  # noqa: S104 - a text, not an address to listen on
        ("domain", "EVIL.Example.", "evil.example"),
        ("domain", "b\u00fccher.example", "xn--bcher-kva.example"),
        ("domain", "evil[.]example", "evil.example"),
        ("domain", "evil\u200b.example", None),
        ("domain", "localhost", None),
        ("domain", "10.0.0.1", None),
        ("domain", "-a.example", None),
        ("domain", "a" * 64 + ".example", None),
        ("hash", "A" * 40, "a" * 40),
        ("hash", "a" * 41, None),
        ("hash", "0" * 32, None),
        ("hash", "g" * 32, None),
        ("url", "HXXPS://Evil[.]Example:443/A?b=C", "https://evil.example/A?b=C"),
        ("url", "http://[::ffff:10.0.0.1]/", "http://10.0.0.1/"),
        ("url", "javascript:alert(1)", None),
        ("url", "http://a b/", None),
        ("url", "http://evil.example/\u202e", None),
        ("url", "http://evil.example/" + "a" * 600, None),
        ("email", "Mia <Mia@Corp.EXAMPLE>", "Mia@corp.example"),
        ("email", "mia[at]corp[.]example", "mia@corp.example"),
        ("email", "a@b@c", None),
        ("user", "CORP\\\\mia", "CORP\\mia"),
        ("user", "mia\u202e", None),
        ("host", "WS-1001", "WS-1001"),
        ("host", "10.0.0.1", None),
        ("host", "a b", None),
    ],
)
def test_an_entity_has_one_spelling_or_is_none(kind: str, text: str, value: str | None) -> None:
    assert canonical(kind, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04T12:00:00.000+0000",
        "2026-03-04T13:00:00.000000000+01:00",
        "2026-03-04 12:00:00",
        "2026-03-04 12:00:00,000",
        "1772625600",
        "1772625600000",
        "1772625600000000",
        "1772625600000000000",
        1772625600,
        1772625600000,
        1772625600.0,
        "04/Mar/2026:12:00:00 +0000",
        "Mar  4 12:00:00",
        "Wed, 04 Mar 2026 12:00:00 +0000",
        "2026-03-04 12:00:00 UTC",
    ],
)
def test_a_moment_is_read_however_it_is_written(text: object) -> None:
    now = dt.datetime(2026, 3, 5, tzinfo=dt.UTC)
    assert parse_time(text, reference=now) == dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", True, None, 0, -1, 4, 1e30, "9" * 30, "2026-13-01T00:00:00Z", [], {}, "0001-01-01"]
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("score", "name"), [(9.0, "critical"), (8.99, "high"), (7.0, "high"), (4.0, "medium"), (3.99, "low")]
)
def test_bands_of_severity(score: float, name: str) -> None:
    assert band(score) == name


@pytest.mark.parametrize("named", FORMATS)
@pytest.mark.parametrize(
    "payload", [{}, {"rule": 1, "_source": []}, {"kibana": "x"}, {"Event": {"System": 4}}, "text", 7, None, []]
)
def test_a_half_broken_record_of_any_named_format_is_kept(named: str, payload: object) -> None:
    assert normalize(payload, format=named).title


_ODD = ["10.0.0.1", "hxxp://a[.]b", "\x00", "\ud800", "\u202e", "T1059", "CEF:0|", "=", "[**]", "9" * 400]
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.sampled_from(_ODD))


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4))


_VALUES = st.recursive(_SCALARS, _containers, max_leaves=8)


@st.composite
def _mutated(draw: st.DrawFn) -> dict[str, Any]:
    """An example payload with some of its members replaced, removed or wrapped."""
    payload: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 5))):
        place: dict[str, Any] = payload
        while True:
            key = draw(st.sampled_from(sorted(place)))
            if isinstance(place[key], dict) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            break
        if draw(st.booleans()):
            place[key] = draw(_VALUES)
        elif len(place) > 1:
            del place[key]
    return payload


def check(alert: NormalAlert) -> None:
    """Every promise of a record: bounded texts, canonical entities, a score on the scale."""
    assert 0 < len(alert.title) <= 512
    assert "\x00" not in alert.title + alert.description
    assert 0 <= alert.severity_score <= 10
    assert len(alert.entities) <= 64
    for ref in alert.entities:
        assert ref.type in EntityType.values
        assert canonical(ref.type, ref.value) == ref.value
    for text in (alert.title, alert.description, *alert.notes, *(ref.value for ref in alert.entities)):
        text.encode("utf-8")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_mutated())
def test_mutated_payloads_never_raise_and_keep_every_promise(payload: object) -> None:
    check(normalize(payload))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(_VALUES, st.text(max_size=300)))
def test_anything_at_all_becomes_an_alert(payload: object) -> None:
    check(normalize(payload))
