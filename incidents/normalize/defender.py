"""Microsoft Graph alerts (v1 and v2), Defender's incidents and endpoint alerts, and its streamed hunting tables."""

from typing import Any

from incidents.normalize import microsoft_entities
from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, one, read
from incidents.normalize.paths import mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.texts import as_text

FORMAT = "microsoft_defender"
STREAM = "microsoft_defender_stream"
_ALERT = Mapping(
    format=FORMAT,
    titles=("title", "incidentName", "displayName", "alertDisplayName", "alerts.title"),
    description=("description", "alerts.description"),
    external_id=("id", "incidentId", "alertId", "providerAlertId"),
    detection_id=("detectorId", "alertPolicyId", "category", "alerts.detectorId", "title"),
    detection_name=("title", "incidentName"),
    severity=("severity", "alerts.severity"),
    occurred=("firstActivityDateTime", "firstEventTime", "eventDateTime", "alerts.firstActivity", "firstActivity"),
    detected=("createdDateTime", "alertCreationTime", "creationTime", "createdTime", "lastUpdateDateTime"),
    techniques=("mitreTechniques", "alerts.mitreTechniques", "MitreTechniques", "AttackTechniques"),
    entities=(
        ("host", "target", ("evidence.deviceDnsName", "computerDnsName", "alerts.devices.deviceDnsName")),
        ("host", "target", ("hostStates.fqdn", "hostStates.netBiosName", "devices.deviceDnsName")),
        ("user", "actor", ("evidence.userAccount.userPrincipalName", "userStates.userPrincipalName")),
        ("ip", "source", ("userStates.logonIp", "networkConnections.sourceAddress", "evidence.ipAddress")),
        ("ip", "destination", ("networkConnections.destinationAddress",)),
        ("ip", "target", ("evidence.ipInterfaces", "evidence.lastIpAddress", "hostStates.privateIpAddress")),
        ("process", "actor", ("evidence.imageFile.fileName", "processes.path", "processes.name")),
        ("file", "related", ("evidence.fileDetails.fileName", "fileStates.path", "fileStates.name")),
        ("hash", "related", ("evidence.fileDetails.sha256", "evidence.fileDetails.sha1", "evidence.imageFile.sha256")),
        ("hash", "related", ("fileStates.fileHash.hashValue", "evidence.sha256", "evidence.sha1")),
        ("url", "related", ("evidence.url", "networkConnections.destinationUrl")),
        ("domain", "destination", ("networkConnections.destinationDomain",)),
        ("email", "source", ("evidence.p1Sender.emailAddress", "evidence.p2Sender.emailAddress")),
        ("email", "target", ("evidence.recipientEmailAddress", "evidence.primaryAddress")),
        ("cloud_resource", "target", ("evidence.resourceId",)),
    ),
    ignored=frozenset({"incidentweburl", "alertweburl", "sourcematerials", "actorname", "assignedto", "odatacontext"}),
)
_STREAM = Mapping(
    format=STREAM,
    titles=("properties.Title", "properties.ActionType", "properties.Action", "operationName", "category"),
    description=("properties.ActionResult", "properties.Description", "properties.AttackTechniques"),
    external_id=("properties.AlertId", "properties.ReportId"),
    detection_id=("properties.DetectorId", "properties.ActionType", "category"),
    detection_name=("properties.Title",),
    severity=("properties.Severity",),
    occurred=("properties.Timestamp",),
    detected=("time", "_TimeReceivedBySvc"),
    techniques=("properties.AttackTechniques",),
    entities=(
        ("host", "target", ("properties.DeviceName",)),
        ("ip", "source", ("properties.IPAddress", "properties.FileOriginIP", "properties.SenderIPv4")),
        ("ip", "destination", ("properties.RemoteIP", "properties.DestinationIPAddress")),
        ("ip", "target", ("properties.LocalIP",)),
        ("url", "destination", ("properties.RemoteUrl", "properties.Url")),
        ("domain", "destination", ("properties.RemoteUrl", "properties.UrlDomain")),
        ("process", "actor", ("properties.InitiatingProcessFolderPath", "properties.InitiatingProcessFileName")),
        ("process", "related", ("properties.InitiatingProcessParentFileName",)),
        ("command", "actor", ("properties.InitiatingProcessCommandLine",)),
        ("email", "source", ("properties.SenderFromAddress", "properties.SenderMailFromAddress")),
        ("email", "target", ("properties.RecipientEmailAddress", "properties.RecipientDetails.RecipientSmtpAddress")),
        ("user", "actor", ("properties.AccountUpn", "properties.InitiatingProcessAccountUpn")),
    ),
)
_ACCOUNTS = (
    ("AccountName", "AccountDomain", "actor"),
    ("InitiatingProcessAccountName", "InitiatingProcessAccountDomain", "actor"),
    ("TargetAccountDisplayName", "", "target"),
)
_SERVICES = frozenset({"system", "local service", "network service"})


def looks_like(payload: dict[str, Any]) -> bool:
    """Graph's evidence or vendor information, Defender's machine or incident with alerts."""
    if "title" in payload and ("evidence" in payload or "vendorInformation" in payload):
        return "severity" in payload or "serviceSource" in payload
    if "incidentId" in payload and isinstance(payload.get("alerts"), list):
        return True
    if "incidentWebUrl" in payload and "severity" in payload:
        return True
    return "machineId" in payload and "alertCreationTime" in payload


def is_stream(payload: dict[str, Any]) -> bool:
    """A row of an advanced-hunting table inside an event hub's record."""
    return str(payload.get("category", "")).startswith("AdvancedHunting-") and isinstance(
        payload.get("properties"), dict
    )


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return an alert or an incident with the entities of its alerts."""
    return read(_ALERT, payload, take_more=_take)


def normalize_stream(payload: dict[str, Any]) -> NormalAlert:
    """Return a hunting row; the action names it, a process and its account stand for who did it."""
    kind = as_text(payload.get("category")).removeprefix("AdvancedHunting-")
    row = mapping(payload.get("properties"))
    program = as_text(row.get("ProcessCommandLine"))

    def take(_: dict[str, Any], entities: Entities) -> None:
        for name, place, role in _ACCOUNTS:
            account = as_text(row.get(name))
            if account.lower() not in _SERVICES:
                entities.add_user(account, role, account_domain=row.get(place) if place else None)
        if "Process" in kind or program:
            _take_file(row, entities)

    return read(_STREAM, payload, take_more=take, notes=[f"This is a row of the table {kind}."] if kind else [])


def _take_file(row: dict[str, Any], entities: Entities) -> None:
    folder, name = as_text(row.get("FolderPath")), as_text(row.get("FileName"))
    whole = folder if not name or folder.lower().endswith(name.lower()) else name
    entities.add("process", whole, "target")


def _take(payload: dict[str, Any], entities: Entities) -> None:
    microsoft_entities.take(payload.get("entities"), entities)
    for alert in objects(payload, "alerts"):
        microsoft_entities.take(alert.get("entities"), entities)
    for evidence in objects(payload, "evidence"):
        account = mapping(evidence.get("userAccount")) or evidence
        if not one(account, ("userPrincipalName",)):
            entities.add_user(account.get("accountName"), "actor", account_domain=account.get("domainName"))
    for state in objects(payload, "userStates"):
        entities.add_user(state.get("accountName"), "actor", account_domain=state.get("domainName"))
    related = mapping(payload.get("relatedUser"))
    entities.add_user(related.get("userName"), "actor", account_domain=related.get("domainName"))
