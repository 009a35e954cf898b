"""Elastic Security alerts and other ECS documents; keys dotted, nested, or both in one document."""

from typing import Any

from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import every, first, mapping, pick
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_risk, from_unknown_scale
from incidents.normalize.texts import as_text
from incidents.normalize.times import first_time

FORMAT = "elastic"
_RULE = ("kibana.alert.rule", "signal.rule")
_ENTITIES = (
    ("ip", "source", ("source.ip", "client.ip")),
    ("ip", "destination", ("destination.ip", "server.ip")),
    ("ip", "related", ("related.ip",)),
    ("domain", "source", ("source.domain", "client.domain")),
    ("domain", "destination", ("destination.domain", "url.domain", "dns.question.name", "server.domain")),
    ("domain", "destination", ("tls.client.server_name",)),
    ("url", "destination", ("url.full", "url.original")),
    ("process", "actor", ("process.executable", "process.name")),
    ("process", "related", ("process.parent.executable", "process.parent.name")),
    ("file", "target", ("file.path", "file.name", "dll.path")),
    ("email", "source", ("email.from.address", "email.sender.address")),
    ("email", "target", ("email.to.address",)),
    ("cloud_resource", "target", ("cloud.instance.id", "orchestrator.resource.id")),
)
_HASHES = tuple(
    f"{part}.hash.{name}" for part in ("file", "process", "dll") for name in ("sha256", "sha1", "md5", "sha512")
)
_ACCOUNTS = (("user", "actor"), ("source.user", "actor"), ("user.target", "target"), ("destination.user", "target"))


def looks_like(payload: dict[str, Any]) -> bool:
    """Kibana's or the older Signal members, or a document that says it is ECS."""
    if any(key == "kibana" or key.startswith(("kibana.alert", "signal.")) for key in payload):
        return True
    if isinstance(payload.get("signal"), dict) and "rule" in payload["signal"]:
        return True
    ecs = "ecs" in payload or "ecs.version" in payload
    return "@timestamp" in payload and (
        ecs or first(payload, "event.kind", "event.category", "event.dataset") is not None
    )


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return an Elastic alert; a word of severity names the band and the risk score refines it."""
    event = mapping(payload.get("_source")) or payload
    entities = Entities()
    _take_entities(event, entities)
    reason = first(event, "kibana.alert.reason", "signal.reason")
    name = first(event, *_rule("name"), "rule.name")
    return assemble(
        name=FORMAT,
        titles=[name, event.get("message"), reason, first(event, "event.action"), first(event, "event.category")],
        description=reason or first(event, *_rule("description"), "rule.description") or event.get("message"),
        external_id=first(event, "kibana.alert.uuid", "event.id") or first(payload, "_id"),
        detection_id=first(event, *_rule("rule_id"), *_rule("uuid"), *_rule("id"), "rule.id", "rule.uuid"),
        detection_name=name,
        score=_score(event),
        occurred_at=first_time(
            first(event, "kibana.alert.original_time", "signal.original_time"),
            first(event, "event.start", "event.created"),
        ),
        detected_at=first_time(first(event, "@timestamp"), first(event, "kibana.alert.start", "event.ingested")),
        techniques=_techniques(event),
        entities=entities,
    )


def _rule(member: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{member}" for prefix in _RULE)


def _score(event: dict[str, Any]) -> float | None:
    word = first(event, "kibana.alert.severity", *_rule("severity"), "signal.severity")
    risk = first(event, "kibana.alert.risk_score", *_rule("risk_score"), "event.risk_score")
    score = from_risk(word, risk)
    return from_unknown_scale(first(event, "event.severity")) if score is None else score


def _techniques(event: dict[str, Any]) -> list[Any]:
    found = list(every(event, "threat.technique.id", "threat.technique.subtechnique.id", *_rule("tags"), "tags"))
    for path in (*_rule("threat"), *_rule("parameters.threat"), "threat"):
        threats = first_list(event, path)
        for threat in threats[:32]:
            found.extend(_ids(mapping(threat)))
    return found


def first_list(event: dict[str, Any], path: str) -> list[Any]:
    """Return the list at `path`, or an empty one."""
    from_path = pick(event, path)
    return from_path if isinstance(from_path, list) else []


def _ids(threat: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    techniques = threat.get("technique")
    for technique in techniques[:32] if isinstance(techniques, list) else []:
        found.append(mapping(technique).get("id"))
        below = mapping(technique).get("subtechnique")
        found.extend(mapping(item).get("id") for item in (below[:32] if isinstance(below, list) else []))
    return found


def _take_entities(event: dict[str, Any], entities: Entities) -> None:
    entities.add_host(first(event, "host.name", "host.hostname", "agent.hostname", "observer.hostname"), "target")
    for address in every(event, "host.ip"):
        entities.add("ip", address, "target")
    for prefix, role in _ACCOUNTS:
        entities.add_user(first(event, f"{prefix}.name"), role, account_domain=first(event, f"{prefix}.domain"))
        entities.add("email", first(event, f"{prefix}.email"), role)
    for kind, role, paths in _ENTITIES:
        entities.add_all(kind, every(event, *paths), role)
    for digest in every(event, *_HASHES):
        entities.add_hashes(digest)
    for name in every(event, "related.hosts"):
        entities.add_address(name, "related")
    entities.add_all("user", every(event, "related.user"), "related")
    for digest in every(event, "related.hash"):
        entities.add_hashes(digest)
    for path in ("message", "process.command_line", "kibana.alert.reason", "event.original"):
        entities.scan(as_text(first(event, path)))
