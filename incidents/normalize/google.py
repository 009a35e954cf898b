"""Google Cloud's audit log, Security Command Center's findings, and the activity reports of Workspace."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, read
from incidents.normalize.paths import mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word
from incidents.normalize.texts import as_text

AUDIT = "gcp_audit"
FINDING = "gcp_scc"
WORKSPACE = "google_workspace"
_AUDIT = Mapping(
    format=AUDIT,
    titles=("protoPayload.methodName", "protoPayload.status.message", "logName"),
    description=("protoPayload.status.message",),
    external_id=("insertId",),
    detection_id=("protoPayload.methodName",),
    detected=("timestamp", "receiveTimestamp"),
    entities=(
        ("user", "actor", ("protoPayload.authenticationInfo.principalEmail",)),
        ("user", "actor", ("protoPayload.authenticationInfo.principalSubject",)),
        ("ip", "source", ("protoPayload.requestMetadata.callerIp",)),
        ("cloud_resource", "target", ("protoPayload.resourceName", "resource.labels.project_id")),
        ("cloud_resource", "target", ("resource.labels.instance_id", "resource.labels.bucket_name")),
    ),
    ignored=frozenset({"callersupplieduseragent", "type", "attype", "atsigntype", "logname", "servicename", "zone"}),
)
_FINDING = Mapping(
    format=FINDING,
    titles=("finding.category", "finding.description", "category"),
    description=("finding.description", "description"),
    external_id=("finding.name", "finding.canonicalName", "name"),
    detection_id=("finding.category", "category"),
    severity=("finding.severity", "severity"),
    occurred=("finding.eventTime", "eventTime"),
    detected=("finding.createTime", "createTime"),
    techniques=("finding.mitreAttack.primaryTechniques", "finding.mitreAttack.additionalTechniques"),
    entities=(
        ("cloud_resource", "target", ("finding.resourceName", "resource.name", "resourceName")),
        ("user", "actor", ("finding.access.principalEmail",)),
        ("ip", "source", ("finding.access.callerIp", "finding.indicator.ipAddresses", "finding.connections.sourceIp")),
        ("ip", "destination", ("finding.connections.destinationIp",)),
        ("domain", "related", ("finding.indicator.domains",)),
        ("process", "actor", ("finding.processes.binary.path",)),
        ("hash", "related", ("finding.processes.binary.sha256",)),
    ),
    ignored=frozenset({"name", "parent", "canonicalname", "muteinitiator", "externalsystems"}),
)
_WORKSPACE = Mapping(
    format=WORKSPACE,
    titles=("name", "events.name"),
    description=("events.parameters.value",),
    external_id=("id.uniqueQualifier",),
    detection_id=("name", "events.name"),
    detected=("id.time", "p_event_time"),
    entities=(
        ("user", "actor", ("actor.email",)),
        ("ip", "source", ("ipAddress",)),
    ),
    ignored=frozenset({"ownerdomain", "etag", "kind", "customerid", "name"}),
)
#: Names of an event's parameters, or their endings → (entity type, role).
_PARAMETERS = (
    ("DEVICE_NAME", "host", "target"),
    ("DEVICE_USER", "user", "actor"),
    ("USER_EMAIL", "user", "target"),
    ("TARGET_USER", "user", "target"),
    ("EMAIL", "email", "related"),
    ("URL", "url", "related"),
    ("HASH", "hash", "related"),
    ("DOC_TITLE", "file", "target"),
    ("FILE_NAME", "file", "target"),
    ("OWNER", "email", "related"),
    ("VISITOR", "email", "related"),
    ("IP_ADDRESS", "ip", "related"),
)
#: Cloud Logging's severities are log levels of the entry.
_LEVELS = {"DEBUG": 0.5, "INFO": 1.0, "NOTICE": 2.0, "WARNING": 5.0, "ERROR": 6.0, "CRITICAL": 7.5, "ALERT": 8.0}


def is_audit(payload: dict[str, Any]) -> bool:
    """Cloud Logging's entry of an audit."""
    return isinstance(payload.get("protoPayload"), dict)


def is_finding(payload: dict[str, Any]) -> bool:
    """A notification's finding with category and resource."""
    finding = mapping(payload.get("finding"))
    return "category" in finding and ("resourceName" in finding or "severity" in finding)


def is_workspace(payload: dict[str, Any]) -> bool:
    """The report's kind, or an application's name in the entry's id."""
    if payload.get("kind") == "admin#reports#activity" or payload.get("p_log_type") == "GSuite.ActivityEvent":
        return True
    return "applicationName" in mapping(payload.get("id")) and "actor" in payload


def normalize_audit(payload: dict[str, Any]) -> NormalAlert:
    """Return an audit entry; its severity is the log entry's."""
    return read(_AUDIT, payload, score=_LEVELS.get(as_text(payload.get("severity")).upper()))


def normalize_finding(payload: dict[str, Any]) -> NormalAlert:
    """Return a finding of Security Command Center."""
    return read(_FINDING, payload)


def normalize_workspace(payload: dict[str, Any]) -> NormalAlert:
    """Return an activity; what its parameters name is taken by the parameter's name."""
    severity = next((found for name in ("severity", "alert_severity") if (found := from_word(payload.get(name)))), None)
    return read(_WORKSPACE, payload, score=severity, take_more=_take)


def _take(payload: dict[str, Any], entities: Entities) -> None:
    pairs: list[tuple[str, Any]] = list(mapping(payload.get("parameters")).items())
    for event in [payload, *objects(payload, "events")]:
        pairs.extend((as_text(each.get("name")), each.get("value")) for each in objects(event, "parameters"))
    for name, value in pairs[:200]:
        for ending, kind, role in _PARAMETERS:
            if name.upper().endswith(ending):
                entities.add_user(value, role) if kind == "user" else entities.add(kind, value, role)
                break
