"""Microsoft Sentinel: incidents (REST, table, automation's trigger) and alerts of the SecurityAlert table."""

from typing import Any

from incidents.normalize import microsoft_entities
from incidents.normalize.mapped import Mapping, read
from incidents.normalize.paths import mapping, pick
from incidents.normalize.record import NormalAlert

INCIDENT = "sentinel_incident"
ALERT = "sentinel_alert"
_INCIDENT = Mapping(
    format=INCIDENT,
    titles=("properties.title", "title", "IncidentName"),
    description=("properties.description", "description"),
    external_id=("name", "properties.incidentNumber", "IncidentNumber", "incident_number", "id"),
    detection_id=("properties.relatedAnalyticRuleIds", "RelatedAnalyticRuleIds", "related_analytic_rule_ids"),
    severity=("properties.severity", "severity"),
    occurred=("properties.firstActivityTimeUtc", "FirstActivityTime", "first_activity_time_utc"),
    detected=("properties.createdTimeUtc", "CreatedTime", "created_time_utc", "TimeGenerated"),
    techniques=("properties.additionalData.techniques", "AdditionalData.techniques", "additional_data.techniques"),
    entities=(("user", "related", ("properties.owner.userPrincipalName", "owner.email", "owner.user_principal_name")),),
    #: The incident's own place in Azure, and the people who work on it, are no part of what happened.
    ignored=frozenset({"incidenturl", "id", "etag", "relatedanalyticruleids", "providername", "name", "displayname"}),
)
_ALERT = Mapping(
    format=ALERT,
    titles=("AlertDisplayName", "AlertName", "DisplayName", "alert_display_name"),
    description=("Description",),
    external_id=("SystemAlertId", "VendorOriginalId", "AlertLink"),
    detection_id=("AlertType", "AlertName"),
    detection_name=("AlertName",),
    severity=("AlertSeverity", "Severity"),
    occurred=("StartTime", "StartTimeUtc"),
    detected=("TimeGenerated", "ProcessingEndTime", "EndTimeUtc"),
    techniques=("Techniques", "SubTechniques", "ExtendedProperties.techniques"),
    entities=(("address", "target", ("CompromisedEntity",)),),
    ignored=frozenset({"alertlink", "sourcesystem", "resourceid", "workspaceresourcegroup", "providername"}),
)


def is_incident(payload: dict[str, Any]) -> bool:
    """The resource's type, or an incident's number beside its title."""
    if str(payload.get("type", "")).lower().endswith("securityinsights/incidents"):
        return True
    properties = mapping(payload.get("properties"))
    if "incidentNumber" in properties and "title" in properties:
        return True
    if "incident_number" in payload and "created_time_utc" in payload:
        return True
    return "IncidentNumber" in payload and ("Title" in payload or "IncidentName" in payload)


def is_alert(payload: dict[str, Any]) -> bool:
    """Members that only an alert of that table has."""
    named = any(name in payload for name in ("AlertDisplayName", "AlertName"))
    return (
        named
        and "Workload" not in payload
        and any(name in payload for name in ("SystemAlertId", "AlertSeverity", "VendorName", "AlertType"))
    )


def normalize_incident(payload: dict[str, Any]) -> NormalAlert:
    """Return an incident with the entities that came along."""
    related = pick(payload, "properties.relatedEntities") or payload.get("entities")
    return read(_INCIDENT, payload, take_more=lambda _, found: microsoft_entities.take(related, found))


def normalize_alert(payload: dict[str, Any]) -> NormalAlert:
    """Return an alert; its entities are JSON in a text."""
    listed = payload.get("Entities") or payload.get("entities")
    return read(_ALERT, payload, take_more=lambda _, found: microsoft_entities.take(listed, found))
