"""Logs of identity and code platforms: Okta's system log and GitHub's audit log."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, read
from incidents.normalize.paths import objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.texts import as_text

OKTA = "okta"
GITHUB = "github_audit"
_OKTA = Mapping(
    format=OKTA,
    titles=("displayMessage", "eventType", "legacyEventType"),
    description=("displayMessage", "outcome.reason"),
    external_id=("uuid",),
    detection_id=("eventType", "legacyEventType"),
    detected=("published", "p_event_time"),
    entities=(
        ("ip", "source", ("client.ipAddress", "request.ipChain.ip")),
        ("user", "actor", ("actor.alternateId",)),
        ("url", "related", ("debugContext.debugData.url", "debugContext.debugData.requestUri")),
    ),
    #: The client's kind ("Computer"), not its name; the provider's domain and parts of the app are not the attack's.
    ignored=frozenset({"clientdevice", "device", "securitycontextdomain", "useragent", "rawuseragent", "target"}),
)
#: Okta's word is a log level, not a risk: a refusal is a warning, an error never critical.
_LEVELS = {"DEBUG": 0.5, "INFO": 1.0, "WARN": 5.0, "ERROR": 6.0}
_PEOPLE = frozenset({"User", "AppUser", "PublicClientAppUser", "SystemPrincipal"})
_GITHUB = Mapping(
    format=GITHUB,
    titles=("action",),
    description=("explanation", "reason", "data.reason"),
    external_id=("_document_id", "document_id", "request_id"),
    detection_id=("action",),
    detected=("@timestamp", "at_sign_timestamp", "created_at", "timestamp", "p_event_time"),
    entities=(
        ("user", "actor", ("actor",)),
        ("ip", "source", ("actor_ip",)),
        ("user", "target", ("user", "blocked_user", "invitee")),
        ("cloud_resource", "target", ("repo", "repository", "data.repo")),
        ("cloud_resource", "related", ("org", "business")),
        ("url", "related", ("config.url", "hook.config.url")),
    ),
    ignored=frozenset({"useragent", "actorlocation", "transportprotocolname"}),
)


def is_okta(payload: dict[str, Any]) -> bool:
    """An event type beside its actor and the log's own members, in Okta's letters or all small."""
    lower = {key.lower() for key in payload}
    if not {"eventtype", "actor"} <= lower:
        return False
    own = {"published", "legacyeventtype", "authenticationcontext", "debugcontext", "securitycontext"}
    return bool(lower & own) or {"outcome", "client"} <= lower or str(payload.get("p_log_type")) == "Okta.SystemLog"


def is_github(payload: dict[str, Any]) -> bool:
    """A dotted action and its actor, beside an organisation, a repository or the log's own members."""
    action = payload.get("action")
    if not isinstance(action, str) or "." not in action or " " in action:
        return False
    if payload.get("p_log_type") == "GitHub.Audit":
        return True
    return isinstance(payload.get("actor"), str) and any(
        name in payload for name in ("org", "repo", "repository", "_document_id", "actor_location", "business")
    )


def normalize_okta(payload: dict[str, Any]) -> NormalAlert:
    """Return an event of the system log; those whom it was done to are targets."""
    severity = next((value for key, value in payload.items() if key.lower() == "severity"), None)

    def take(event: dict[str, Any], entities: Entities) -> None:
        for item in objects(event, "target"):
            if as_text(item.get("type")) in _PEOPLE:
                entities.add_user(item.get("alternateId"), "target")
            else:
                entities.add("cloud_resource", item.get("displayName"), "target")

    return read(_OKTA, payload, score=_LEVELS.get(as_text(severity).upper()), take_more=take)


def normalize_github(payload: dict[str, Any]) -> NormalAlert:
    """Return an audit entry; it has no severity."""
    return read(_GITHUB, payload)
