"""Azure's activity and resource logs, Entra ID (event hub and Graph), and Office 365's management activity."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, read
from incidents.normalize.paths import mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word
from incidents.normalize.texts import as_text

AZURE = "azure_activity"
ENTRA = "entra_id"
O365 = "office365"
_CLAIM_UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
_AZURE = Mapping(
    format=AZURE,
    titles=("operationName.localizedValue", "operationName", "operationName.value", "properties.eventName", "category"),
    description=("resultDescription", "properties.statusMessage", "resultType", "description"),
    external_id=("correlationId", "eventDataId", "properties.id", "id"),
    detection_id=("operationName", "operationName.value"),
    severity=("level", "properties.riskLevelDuringSignIn"),
    occurred=("properties.createdDateTime", "properties.activityDateTime", "eventTimestamp"),
    detected=("time", "eventTimestamp", "timestamp"),
    entities=(
        ("ip", "source", ("callerIpAddress", "httpRequest.clientIpAddress", "properties.ipAddress")),
        ("user", "actor", ("caller", "properties.userPrincipalName", "properties.initiatedBy.user.userPrincipalName")),
        ("user", "target", ("properties.targetResources.userPrincipalName",)),
        ("host", "target", ("properties.deviceDetail.displayName", "properties.HostName", "properties.Computer")),
        ("cloud_resource", "target", ("resourceId", "resourceUri")),
    ),
    ignored=frozenset({"useragent", "identityprovider", "claims", "tenantid", "provisioningsteps", "type"}),
)
_ENTRA = Mapping(
    format=ENTRA,
    titles=("activityDisplayName", "riskEventType", "riskType", "status.failureReason", "appDisplayName"),
    description=("resultReason", "riskDetail", "status.additionalDetails"),
    external_id=("id", "correlationId"),
    detection_id=("activityDisplayName", "riskEventType", "appDisplayName"),
    severity=("riskLevel", "riskLevelAggregated", "riskLevelDuringSignIn"),
    occurred=("activityDateTime", "createdDateTime"),
    detected=(
        "detectedDateTime",
        "activityDateTime",
        "createdDateTime",
        "lastUpdatedDateTime",
        "riskLastUpdatedDateTime",
    ),
    entities=(
        ("user", "actor", ("initiatedBy.user.userPrincipalName", "userPrincipalName", "initiatedBy.app.displayName")),
        ("user", "target", ("targetResources.userPrincipalName",)),
        ("ip", "source", ("ipAddress", "initiatedBy.user.ipAddress")),
        ("host", "target", ("deviceDetail.displayName",)),
    ),
    ignored=frozenset({"useragent", "type", "additionaldetails", "tenantid"}),
)
_O365 = Mapping(
    format=O365,
    titles=("Operation", "Workload"),
    description=("Comments", "Name", "Subject"),
    external_id=("Id",),
    detection_id=("Operation",),
    severity=("Severity", "AlertSeverity"),
    detected=("CreationTime", "CreationDate", "p_event_time"),
    entities=(
        ("ip", "source", ("ClientIP", "ClientIPAddress", "ActorIpAddress", "SenderIp")),
        ("user", "actor", ("UserId", "MailboxOwnerUPN")),
        ("user", "target", ("TargetUserOrGroupName",)),
        ("process", "actor", ("ClientProcessName",)),
        ("file", "target", ("SourceFileName",)),
        ("hash", "related", ("FileData.SHA256",)),
        ("url", "target", ("ObjectId", "Url", "SiteUrl")),
        ("email", "source", ("P1Sender", "P2Sender")),
        ("email", "target", ("Recipients",)),
    ),
    ignored=frozenset({"useragent", "clientinfostring", "organizationname", "originatingserver"}),
)


def is_azure(payload: dict[str, Any]) -> bool:
    """An operation beside the resource or the category it belongs to, and Azure's time."""
    if "operationName" not in payload:
        return False
    return any(name in payload for name in ("resourceId", "tenantId", "properties", "callerIpAddress")) and any(
        name in payload for name in ("time", "eventTimestamp", "category", "correlationId")
    )


def is_entra(payload: dict[str, Any]) -> bool:
    """Graph's directory audit, sign-in, or risk detection."""
    if "activityDisplayName" in payload and "initiatedBy" in payload:
        return True
    if "riskEventType" in payload or ("riskLevel" in payload and "riskState" in payload):
        return True
    return "userPrincipalName" in payload and "appDisplayName" in payload and "createdDateTime" in payload


def is_o365(payload: dict[str, Any]) -> bool:
    """The management activity's operation beside its workload or record type."""
    return (
        "Operation" in payload
        and any(name in payload for name in ("Workload", "RecordType"))
        and any(name in payload for name in ("CreationTime", "UserId", "OrganizationId", "CreationDate"))
    )


def normalize_azure(payload: dict[str, Any]) -> NormalAlert:
    """Return an entry; its level is a log level and counts only when it is a word."""

    def take(entry: dict[str, Any], entities: Entities) -> None:
        claims = mapping(mapping(entry.get("identity")).get("claims")) or mapping(entry.get("claims"))
        entities.add_user(claims.get(_CLAIM_UPN) or claims.get("upn") or claims.get("name"), "actor")
        if isinstance(entry.get("identity"), str):
            entities.add_user(entry["identity"], "actor")

    score = from_word(payload.get("level"))
    return read(_AZURE, payload, score=score, take_more=take)


def normalize_entra(payload: dict[str, Any]) -> NormalAlert:
    """Return a directory audit, a sign-in or a risk."""
    return read(_ENTRA, payload)


def normalize_o365(payload: dict[str, Any]) -> NormalAlert:
    """Return an activity; parameters and extended properties are pairs of Name and Value."""

    def take(event: dict[str, Any], entities: Entities) -> None:
        for path in ("Parameters", "ExtendedProperties", "ModifiedProperties", "DeviceProperties"):
            for pair in objects(event, path):
                if as_text(pair.get("Name")) in {"Identity", "User", "UserPrincipalName", "Mailbox"}:
                    entities.add_user(pair.get("Value"), "target")
                elif as_text(pair.get("Name")) == "DisplayName" and path == "DeviceProperties":
                    entities.add_host(pair.get("Value"), "source")
        for target in [*objects(event, "Actor"), *objects(event, "Target")][:40]:
            if "@" in as_text(target.get("ID")):
                entities.add_user(target.get("ID"), "target")

    return read(_O365, payload, take_more=take)
