"""Vendors' formats: each is detected, and its title, severity and entities are those the payload names."""

import copy
import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import EntityType
from incidents.normalize import NormalAlert, detect, normalize
from incidents.normalize.canonical import canonical
from incidents.normalize.severities import band
from tests.incidents.conftest import DATA_DIR

AT = "2026-03-04T12:00:00Z"
VENDORS: list[tuple[str, Any, str, str, tuple[str, str]]] = [
    (
        "splunk_notable",
        {"index": "notable", "search_name": "Brute force", "_time": AT, "urgency": "high", "src": "198.51.100.7"},
        "Brute force", "high", ("ip", "198.51.100.7"),
    ),
    (
        "sentinel_incident",
        {"properties": {"title": "Odd sign-in", "incidentNumber": 7, "severity": "Medium", "createdTimeUtc": AT,
                        "relatedEntities": [{"kind": "Ip", "properties": {"address": "198.51.100.7"}}]}},
        "Odd sign-in", "medium", ("ip", "198.51.100.7"),
    ),
    (
        "sentinel_alert",
        {"AlertDisplayName": "Beacon", "AlertSeverity": "High", "TimeGenerated": AT, "SystemAlertId": "a-1",
         "Entities": '[{"Type":"account","Name":"mia","NTDomain":"CORP"}]'},
        "Beacon", "high", ("user", "CORP\\mia"),
    ),
    (
        "microsoft_defender",
        {"id": "d-1", "title": "Ransomware", "severity": "high", "createdDateTime": AT,
         "evidence": [{"deviceDnsName": "ws-1001.corp.example"}]},
        "Ransomware", "high", ("host", "ws-1001.corp.example"),
    ),
    (
        "crowdstrike_alert",
        {"composite_id": "c-1", "display_name": "PUP", "severity": 30, "severity_name": "High",
         "created_timestamp": AT, "device": {"hostname": "WS-1001"}},
        "PUP", "high", ("host", "WS-1001"),
    ),
    (
        "crowdstrike_stream",
        {"metadata": {"eventType": "EppDetectionSummaryEvent", "eventCreationTime": 1772625600000},
         "event": {"Name": "Dump", "Severity": 70, "SeverityName": "High", "UserName": "mia"}},
        "Dump", "high", ("user", "mia"),
    ),
    (
        "crowdstrike_fdr",
        {"event_simpleName": "DnsRequest", "aid": "a1", "timestamp": AT, "DomainName": "evil.example"},
        "DnsRequest", "medium", ("domain", "evil.example"),
    ),
    (
        "aws_guardduty",
        {"detail-type": "GuardDuty Finding", "detail": {
            "title": "Port probe", "type": "Recon:EC2/Portscan", "severity": 8.0, "createdAt": AT,
            "service": {"serviceName": "guardduty"}, "resource": {"instanceDetails": {"instanceId": "i-0abc"}}}},
        "Port probe", "high", ("cloud_resource", "i-0abc"),
    ),
    (
        "aws_security_hub",
        {"ProductArn": "arn:aws:x", "GeneratorId": "g", "Title": "Open bucket", "CreatedAt": AT,
         "Severity": {"Label": "CRITICAL"}, "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::demo"}]},
        "Open bucket", "critical", ("cloud_resource", "arn:aws:s3:::demo"),
    ),
    (
        "aws_cloudtrail",
        {"Records": [{"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "eventTime": AT,
                      "userIdentity": {"userName": "mia"}, "sourceIPAddress": "198.51.100.7"}]},
        "StopLogging", "medium", ("user", "mia"),
    ),
    (
        "ocsf",
        {"class_uid": 2004, "severity_id": 5, "time": 1772625600000, "metadata": {}, "finding_info": {"title": "C2"},
         "observables": [{"type_id": 2, "value": "198.51.100.7"}]},
        "C2", "critical", ("ip", "198.51.100.7"),
    ),
    (
        "okta",
        {"eventType": "user.session.start", "displayMessage": "Log-in", "published": AT, "severity": "WARN",
         "actor": {"alternateId": "mia@corp.example"}, "client": {"device": "Computer"}},
        "Log-in", "medium", ("user", "mia@corp.example"),
    ),
    (
        "github_audit",
        {"action": "repo.destroy", "actor": "mia", "repo": "corp/site", "@timestamp": 1772625600000},
        "repo.destroy", "medium", ("user", "mia"),
    ),
    (
        "gcp_audit",
        {"protoPayload": {"methodName": "SetIamPolicy", "authenticationInfo": {"principalEmail": "mia@corp.example"}},
         "timestamp": AT, "severity": "NOTICE"},
        "SetIamPolicy", "low", ("user", "mia@corp.example"),
    ),
    (
        "google_workspace",
        {"kind": "admin#reports#activity", "id": {"time": AT}, "actor": {"email": "mia@corp.example"},
         "events": [{"name": "DOWNLOAD"}]},
        "DOWNLOAD", "medium", ("user", "mia@corp.example"),
    ),
    (
        "azure_activity",
        {"operationName": "Delete lock", "resourceId": "/subs/1/x", "time": AT, "callerIpAddress": "198.51.100.7"},
        "Delete lock", "medium", ("ip", "198.51.100.7"),
    ),
    (
        "entra_id",
        {"activityDisplayName": "Add member", "activityDateTime": AT,
         "initiatedBy": {"user": {"userPrincipalName": "mia@corp.example"}}},
        "Add member", "medium", ("user", "mia@corp.example"),
    ),
    (
        "office365",
        {"Operation": "New-InboxRule", "Workload": "Exchange", "CreationTime": "2026-03-04T12:00:00",
         "UserId": "mia@corp.example", "ClientIP": "198.51.100.7:443"},
        "New-InboxRule", "medium", ("ip", "198.51.100.7"),
    ),
    (
        "thehive",
        {"_type": "alert", "title": "Phish", "severity": 3, "date": 1772625600000, "sourceRef": "r-1",
         "observables": [{"dataType": "domain", "data": "evil[.]example"}]},
        "Phish", "high", ("domain", "evil.example"),
    ),
    (
        "misp",
        {"Event": {"info": "Campaign", "threat_level_id": "1", "timestamp": "1772625600",
                   "Attribute": [{"type": "filename|md5", "value": "a.exe|" + "a" * 32}]}},
        "Campaign", "high", ("hash", "a" * 32),
    ),
    (
        "stix",
        {"type": "bundle", "id": "bundle--1", "objects": [
            {"type": "indicator", "name": "Drop", "created": AT, "pattern": "[url:value = 'https://evil.example/x']"}]},
        "Drop", "medium", ("url", "https://evil.example/x"),
    ),
]  # fmt: skip
LINES = [
    (
        "leef",
        "LEEF:1.0|Co|FW|1|Denied|src=198.51.100.7\tdevTime=Mar 04 2026 12:00:00",
        "Denied",
        ("ip", "198.51.100.7"),
    ),
    ("cisco", "gw1: Mar  4 2026 12:00:00: %SEC_LOGIN-4-FAILED: Login failed [user: mia]", None, ("user", "mia")),
    (
        "pan_os",
        '1,2026/03/04 12:00:00,007,SYSTEM,auth,1,2026/03/04 12:00:00,,auth-fail,obj,0,0,general,high,"Bad log-in",1,'
        "0x0,0,0,0,0,,fw-01",
        "Bad log-in",
        ("host", "fw-01"),
    ),
    (
        "windows_event",
        "<Event><System><Provider Name='Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='2026-03-04T12:00:00Z'/>"
        "<Computer>ws-1001</Computer></System><EventData><Data Name='Image'>C:\\x.exe</Data></EventData></Event>",
        None,
        ("process", "C:\\x.exe"),
    ),
    ("log_line", "Failed password for mia from 198.51.100.7 port 22 ssh2", None, ("user", "mia")),
]


@pytest.mark.parametrize(("name", "payload", "title", "severity", "entity"), VENDORS, ids=[row[0] for row in VENDORS])
def test_a_vendors_payload_is_read(name: str, payload: Any, title: str, severity: str, entity: tuple[str, str]) -> None:
    alert = normalize(payload)
    assert (detect(payload), alert.format, alert.title, band(alert.severity_score)) == (name, name, title, severity)
    assert entity in {(ref.type, ref.value) for ref in alert.entities}
    assert alert.detected_at or alert.occurred_at


@pytest.mark.parametrize(("name", "line", "title", "entity"), LINES, ids=[row[0] for row in LINES])
def test_a_log_line_is_read(name: str, line: str, title: str | None, entity: tuple[str, str]) -> None:
    alert = normalize(line)
    assert alert.format == name
    assert title is None or alert.title == title
    assert entity in {(ref.type, ref.value) for ref in alert.entities}


def test_a_page_of_records_is_one_alert_with_the_entities_of_all_and_says_so() -> None:
    record = VENDORS[9][1]["Records"][0]
    alert = normalize({"Records": [record, {**record, "userIdentity": {"userName": "tom"}}]})
    assert {("user", "mia"), ("user", "tom")} <= {(ref.type, ref.value) for ref in alert.entities}
    assert any("2 records" in note for note in alert.notes)


def check(alert: NormalAlert) -> None:
    """The promises of every record, whatever it was read from."""
    assert alert.title
    assert 0 <= alert.severity_score <= 10
    for ref in alert.entities:
        assert ref.type in EntityType.values
        assert canonical(ref.type, ref.value) == ref.value


_ODD = st.one_of(
    st.none(), st.integers(), st.text(max_size=30), st.lists(st.integers(), max_size=3),
    st.sampled_from(["\u202e", "\x00", "::ffff:10.0.0.1", "hxxp://a[.]b", "CEF:0|", "<Event><System>", "{", [[]], {}]),
)  # fmt: skip


def mutate(payload: Any, draw: st.DataObject) -> Any:
    """Replace, remove or wrap members of a copy of the payload."""
    payload = copy.deepcopy(payload)
    for _ in range(draw.draw(st.integers(1, 4))):
        place = payload
        while isinstance(place, dict) and place:
            key = draw.draw(st.sampled_from(sorted(place)))
            if isinstance(place[key], list) and place[key] and isinstance(place[key][0], dict):
                place = place[key][0]
            elif isinstance(place[key], dict) and place[key] and draw.draw(st.booleans()):
                place = place[key]
            else:
                place[key] = draw.draw(_ODD)
                break
    return payload


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([row[:2] for row in VENDORS]), st.data())
def test_mutated_vendor_payloads_never_raise(row: tuple[str, Any], data: st.DataObject) -> None:
    payload = mutate(row[1], data)
    check(normalize(payload))
    check(normalize(payload, format=row[0]))


@pytest.mark.parametrize("folder", ["native_sekoia", "native_panther", "native_ocsf", "native_misc"])
def test_no_wrong_target_in_real_payloads(real_data: Path, folder: str) -> None:
    """The last part of an account, host or address stands in the payload it was read from."""
    for path in sorted((real_data / folder).glob("*.jsonl.gz")):
        for line in itertools.islice(gzip.decompress(path.read_bytes()).splitlines(), 12):
            payload = json.loads(line)["payload"]
            text = json.dumps(payload, ensure_ascii=False).casefold()
            for ref in normalize(payload).entities:
                if ref.type in {"user", "host", "hash"}:
                    assert ref.value.rpartition("\\")[2].partition("@")[0].casefold() in text
    assert DATA_DIR.is_dir()
