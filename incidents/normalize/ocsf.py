"""OCSF events and findings of any version: `class_uid` names the class, `severity_id` counts 0 to 6."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, one, read
from incidents.normalize.paths import mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word, number_of
from incidents.normalize.texts import as_text

FORMAT = "ocsf"
#: unknown, informational, low, medium, high, critical, fatal; 99 is other.
_SEVERITIES = (None, 1.0, 2.5, 5.5, 8.0, 9.5, 9.5)
#: Values of `observables[].type_id` that name entities.
_OBSERVABLES = {
    1: "host", 2: "ip", 3: "", 4: "user", 5: "email", 6: "url", 7: "file", 8: "hash", 9: "process",
    10: "cloud_resource",
}  # fmt: skip
_MAPPING = Mapping(
    format=FORMAT,
    titles=(
        "finding_info.title",
        "finding.title",
        "rule.name",
        "message",
        "malware.name",
        "api.operation",
        "activity_name",
        "type_name",
        "class_name",
    ),
    description=("finding_info.desc", "finding.desc", "message", "status_detail"),
    external_id=("finding_info.uid", "finding.uid", "metadata.uid", "metadata.event_code"),
    detection_id=("finding_info.analytic.uid", "finding_info.types", "analytic.uid", "rule.uid", "type_uid"),
    detection_name=("finding_info.analytic.name", "analytic.name", "rule.name", "finding_info.title"),
    occurred=("finding_info.first_seen_time", "start_time", "first_seen_time", "metadata.original_time"),
    detected=("time", "time_dt", "finding_info.created_time", "metadata.logged_time"),
    techniques=("attacks.technique.uid", "finding_info.attacks.technique.uid", "attacks.sub_technique.uid"),
    entities=(
        ("host", "target", ("device.hostname", "device.name", "evidences.device.hostname")),
        ("ip", "target", ("device.ip",)),
        ("ip", "source", ("src_endpoint.ip", "evidences.src_endpoint.ip", "src_endpoint.intermediate_ips")),
        ("ip", "destination", ("dst_endpoint.ip", "evidences.dst_endpoint.ip")),
        ("address", "source", ("src_endpoint.hostname", "src_endpoint.domain", "evidences.src_endpoint.hostname")),
        ("address", "destination", ("dst_endpoint.hostname", "evidences.dst_endpoint.hostname", "dst_endpoint.domain")),
        ("user", "actor", ("actor.user.email_addr", "evidences.actor.user.name", "actor.user.uuid")),
        ("process", "actor", ("actor.process.file.path", "actor.process.name", "evidences.process.name")),
        ("process", "target", ("process.file.path", "process.name", "process.file.name")),
        ("command", "target", ("process.cmd_line",)),
        ("file", "target", ("file.path", "file.name", "evidences.file.path")),
        ("hash", "related", ("file.hashes.value", "process.file.hashes.value", "evidences.file.hashes.value")),
        (
            "hash",
            "related",
            ("file.fingerprints.value", "process.file.fingerprints.value", "malware.files.hashes.value"),
        ),
        ("domain", "destination", ("query.hostname", "http_request.url.hostname", "connection_info.hostname")),
        ("url", "destination", ("http_request.url.url_string", "url.url_string")),
        ("cloud_resource", "target", ("resources.uid", "resource.uid", "resources.name")),
        ("email", "source", ("email.from", "email.smtp_from")),
        ("email", "target", ("email.to", "email.smtp_to")),
    ),
    ignored=frozenset({"useragent", "metadata", "product", "srcurl", "service", "enrichments", "type", "session"}),
)


def looks_like(payload: dict[str, Any]) -> bool:
    """A class by number, beside a category, metadata or severity."""
    return "class_uid" in payload and any(
        name in payload for name in ("metadata", "category_uid", "severity_id", "activity_id")
    )


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return an event or finding; a user keeps its Windows domain, observables their type."""
    number = number_of(payload.get("severity_id"))
    score = _SEVERITIES[int(number)] if number is not None and 0 <= number < len(_SEVERITIES) else None
    if score is None:
        score = from_word(payload.get("severity"))
    return read(_MAPPING, payload, score=score, take_more=_take)


def _take(event: dict[str, Any], entities: Entities) -> None:
    actor = mapping(mapping(event.get("actor")).get("user"))
    target = mapping(event.get("user"))
    for person, role in ((actor, "actor"), (target, "target" if actor else "actor")):
        name = as_text(person.get("name")) or as_text(person.get("uid"))
        domain = as_text(person.get("domain"))
        entities.add_user(name, role, account_domain=domain if "." not in domain else None)
        entities.add("user", person.get("uid"), role) if name and not as_text(person.get("name")) else None
    for observable in objects(event, "observables"):
        kind = _OBSERVABLES.get(int(number_of(one(observable, ("type_id",))) or 0), "")
        if kind:
            entities.add(kind, observable.get("value"), "related")
