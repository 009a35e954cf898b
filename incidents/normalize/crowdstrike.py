"""CrowdStrike: detections, alerts (v2), the event stream, and raw sensor events (FDR)."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, one, read
from incidents.normalize.paths import mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_risk, from_word, number_of
from incidents.normalize.texts import as_text

ALERT = "crowdstrike_alert"
STREAM = "crowdstrike_stream"
SENSOR = "crowdstrike_fdr"
_PROCESS = (
    ("process", "actor", ("filepath", "behaviors.filepath", "filename", "behaviors.filename")),
    ("command", "actor", ("cmdline", "behaviors.cmdline")),
    ("process", "related", ("parent_details.filepath", "parent_details.filename", "grandparent_details.filepath")),
    ("hash", "related", ("sha256", "md5", "sha1", "behaviors.sha256", "behaviors.md5")),
)
_ALERT = Mapping(
    format=ALERT,
    titles=("display_name", "name", "behaviors.display_name", "behaviors.scenario", "description", "behaviors.tactic"),
    description=("description", "behaviors.description"),
    external_id=("composite_id", "detection_id", "id"),
    detection_id=("pattern_id", "behaviors.behavior_id", "name", "behaviors.pattern_disposition"),
    detection_name=("display_name", "name", "behaviors.display_name"),
    occurred=("context_timestamp", "first_behavior", "timestamp", "start_time", "behaviors.timestamp"),
    detected=("created_timestamp", "crawled_timestamp"),
    techniques=("technique_id", "behaviors.technique_id", "mitre_attack.technique_id"),
    entities=(
        ("host", "target", ("device.hostname", "source_endpoint_host_name", "host_names", "hostname")),
        ("ip", "target", ("device.local_ip", "source_endpoint_ip_address", "local_ip")),
        ("ip", "related", ("device.external_ip",)),
        ("user", "actor", ("user_name", "source_account_upn", "behaviors.user_name", "user_principal")),
        ("user", "target", ("target_account_name",)),
        *_PROCESS,
        ("ip", "destination", ("network_accesses.remote_address",)),
        ("domain", "related", ("behaviors.ioc_value", "ioc_value")),
    ),
    ignored=frozenset({"falconhostlink", "devicemachinedomain", "usersid", "userid"}),
)
_STREAM = Mapping(
    format=STREAM,
    titles=(
        "event.DetectName",
        "event.Name",
        "event.OperationName",
        "event.RuleName",
        "event.DetectDescription",
        "event.IncidentType",
        "event.Technique",
        "metadata.eventType",
    ),
    description=("event.DetectDescription", "event.Description", "event.PatternDispositionDescription"),
    external_id=("event.CompositeId", "event.DetectId", "event.IncidentID", "metadata.detectionIdString"),
    detection_id=("event.PatternId", "event.RuleId", "event.Name", "event.DetectName", "metadata.eventType"),
    detection_name=("event.Name", "event.DetectName", "event.RuleName"),
    occurred=(
        "event.ProcessStartTime",
        "event.ContextTimeStamp",
        "event.StartTime",
        "event.UTCTimestamp",
        "event.IncidentStartTime",
        "event.timestamp",
    ),
    detected=("metadata.eventCreationTime",),
    techniques=("event.TechniqueId", "event.MitreAttack.TechniqueID", "event.Technique"),
    entities=(
        ("host", "target", ("event.ComputerName", "event.Hostname", "event.SourceEndpointHostName")),
        ("user", "actor", ("event.UserName", "event.SourceAccountUpn", "event.SourceAccountName", "event.UserId")),
        ("user", "target", ("event.TargetAccountName",)),
        ("ip", "source", ("event.UserIp", "event.SourceEndpointIpAddress")),
        ("ip", "destination", ("event.RemoteAddress", "event.NetworkAccesses.RemoteAddress")),
        ("ip", "target", ("event.LocalIP", "event.LocalIPv6", "event.LocalAddress")),
        ("process", "actor", ("event.FilePath", "event.FileName", "event.ImageFileName")),
        ("command", "actor", ("event.CommandLine",)),
        (
            "process",
            "related",
            ("event.ParentImageFilePath", "event.ParentImageFileName", "event.GrandParentImageFilePath"),
        ),
        ("hash", "related", ("event.SHA256String", "event.MD5String", "event.SHA1String")),
        ("domain", "destination", ("event.DnsRequests.DomainName",)),
    ),
    ignored=frozenset({"falconhostlink", "incidentlink"}),
)
_SENSOR = Mapping(
    format=SENSOR,
    titles=("name", "event_simpleName", "event.event_simpleName", "fdr_event_type"),
    description=("CommandLine", "event.CommandLine"),
    external_id=("id", "event.id"),
    detection_id=("event_simpleName", "event.event_simpleName", "fdr_event_type"),
    occurred=("ContextTimeStamp", "event.ContextTimeStamp", "event.ProcessStartTime", "ProcessStartTime"),
    detected=("timestamp", "event.timestamp", "p_event_time"),
    entities=(
        ("host", "target", ("ComputerName", "event.ComputerName", "aid")),
        ("ip", "related", ("aip", "event.aip")),
        ("user", "actor", ("UserName", "event.UserName", "UserPrincipal", "event.UserPrincipal")),
        ("ip", "destination", ("RemoteAddressIP4", "event.RemoteAddressIP4", "event.RemoteAddressIP6")),
        ("ip", "source", ("LocalAddressIP4", "event.LocalAddressIP4")),
        ("process", "actor", ("ImageFileName", "event.ImageFileName")),
        ("command", "actor", ("CommandLine", "event.CommandLine")),
        ("process", "related", ("ParentBaseFileName", "event.ParentBaseFileName")),
        ("file", "target", ("TargetFileName", "event.TargetFileName")),
        ("hash", "related", ("SHA256HashData", "event.SHA256HashData", "event.MD5HashData", "MD5HashData")),
        ("domain", "destination", ("DomainName", "event.DomainName")),
    ),
    ignored=frozenset({"cid", "configstatehash"}),
)


def is_alert(payload: dict[str, Any]) -> bool:
    """An alert's composite id, or a detection with its behaviours or device."""
    if "composite_id" in payload and ("severity" in payload or "created_timestamp" in payload):
        return True
    return "detection_id" in payload and ("behaviors" in payload or "max_severity" in payload)


def is_stream(payload: dict[str, Any]) -> bool:
    """`metadata` with the event's type beside `event`."""
    return isinstance(payload.get("event"), dict) and "eventType" in mapping(payload.get("metadata"))


def is_sensor(payload: dict[str, Any]) -> bool:
    """The event's simple name beside the agent's id."""
    if "event_simpleName" in payload or "fdr_event_type" in payload:
        return "aid" in payload or "cid" in payload
    return "event_simpleName" in mapping(payload.get("event"))


def normalize_alert(payload: dict[str, Any]) -> NormalAlert:
    """Return a detection or alert; the product's word names the band, its 0 to 100 refines it."""
    word = one(payload, ("severity_name", "max_severity_displayname"))
    number = one(payload, ("severity", "max_severity", "behaviors.severity"))
    return read(_ALERT, payload, score=severity(word, number))


def normalize_stream(payload: dict[str, Any]) -> NormalAlert:
    """Return an event of the stream; one of people's log-ins and audit has no severity."""
    event = mapping(payload.get("event"))
    word = one(payload, ("event.SeverityName", "metadata.severity.name"))
    number = one(payload, ("event.Severity", "metadata.severity.code"))

    def take(_: dict[str, Any], entities: Entities) -> None:
        entities.add_user(event.get("SourceAccountName"), "actor", account_domain=event.get("SourceAccountDomain"))

    return read(_STREAM, payload, score=severity(word, number), take_more=take)


def normalize_sensor(payload: dict[str, Any]) -> NormalAlert:
    """Return a raw sensor event: telemetry, and said to be so."""
    return read(_SENSOR, payload, notes=["This is telemetry of a sensor, no detection."])


def severity(word: Any, number: Any) -> float | None:
    """Return the score: 1 to 5 are informational to critical, 10 to 100 a risk in whose scale 30 is already high."""
    value = number_of(number)
    if as_text(word):
        return from_risk(word, number) if value is not None and value > 5 else from_word(word)
    if value is None:
        return None
    if 0 <= value <= 5:
        return (0.5, 1.0, 2.5, 5.5, 8.0, 9.5)[int(value)]
    return min(value, 100.0) / 10
