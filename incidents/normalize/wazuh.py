"""Wazuh alerts: alerts.json, and the same inside an OpenSearch hit; every value may be a string."""

from typing import Any

from incidents.normalize import suricata, windows
from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.known_keys import collect
from incidents.normalize.paths import every, first, mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_wazuh
from incidents.normalize.texts import as_text
from incidents.normalize.times import first_time

FORMAT = "wazuh"
_SIGNS = ("agent", "manager", "decoder", "full_log", "location", "predecoder")


def looks_like(payload: dict[str, Any]) -> bool:
    """A `rule` beside at least two of Wazuh's own members."""
    return isinstance(payload.get("rule"), dict) and sum(name in payload for name in _SIGNS) >= 2


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return a Wazuh alert; an embedded Suricata record gives its signature, severity and addresses."""
    event = mapping(payload.get("_source")) or payload
    rule, data = mapping(event.get("rule")), mapping(event.get("data"))
    nested = data if suricata.looks_like(data) else {}
    entities = Entities()
    _take_entities(event, data, nested, entities)
    level = from_wazuh(rule.get("level"))
    rule_id = as_text(first(rule, "id"))
    full_log = event.get("full_log")
    return assemble(
        name=FORMAT,
        titles=[
            rule.get("description"),
            first(nested, "alert.signature"),
            full_log,
            f"Wazuh rule {rule_id}" if rule_id else None,
        ],
        description=full_log or first(data, "win.system.message"),
        external_id=first(event, "id") or first(payload, "_id"),
        detection_id=rule_id,
        detection_name=rule.get("description"),
        detection_key=_detection_key(rule_id, nested),
        score=suricata.score(nested) if level is None else level,
        occurred_at=first_time(
            first(data, "win.system.systemTime", "win.eventdata.utcTime"),
            first(nested, "timestamp"),
            first(event, "predecoder.timestamp"),
            reference=first_time(event.get("timestamp")),
        ),
        detected_at=first_time(event.get("timestamp"), event.get("@timestamp")),
        techniques=[*every(rule, "mitre.id"), *every(rule, "groups"), *suricata.techniques(nested)],
        entities=entities,
    )


def _detection_key(rule_id: str, nested: dict[str, Any]) -> str:
    """One Wazuh rule forwards all Suricata signatures: the signature tells their alerts apart."""
    signature = as_text(first(nested, "alert.signature_id"))
    return f"{rule_id}:{signature}" if signature else ""


def _take_entities(event: dict[str, Any], data: dict[str, Any], nested: dict[str, Any], entities: Entities) -> None:
    computer = as_text(first(data, "win.system.computer"))
    name = as_text(first(event, "predecoder.hostname", "agent.name"))
    agent = as_text(first(event, "agent.name"))
    # A sensor that watches others is not what was attacked.
    role = "related" if nested else "target"
    # One machine, two spellings: the agent's name counts only where the event itself names no computer.
    entities.add_host(computer or name or agent, role)
    if agent and not computer:
        entities.add_host(agent, role)
    entities.add("ip", first(event, "agent.ip"), role)
    if nested:
        suricata.take_entities(nested, entities)
    windows.take_event_data(mapping(mapping(data.get("win")).get("eventdata")), entities)
    _take_named(data, entities)
    _take_files(mapping(event.get("syscheck")), entities)
    collect({key: value for key, value in data.items() if key != "win"} if not nested else {}, entities)
    entities.scan(event.get("full_log"))


def _take_named(data: dict[str, Any], entities: Entities) -> None:
    entities.add_address(first(data, "srcip", "src_ip"), "source")
    entities.add_address(first(data, "dstip", "dst_ip", "dest_ip"), "destination")
    entities.add_user(first(data, "srcuser"), "actor")
    entities.add_user(first(data, "dstuser"), "target")


def _take_files(syscheck: dict[str, Any], entities: Entities) -> None:
    entities.add("file", syscheck.get("path"), "target")
    for digest in every(syscheck, "sha256_after", "sha1_after", "md5_after"):
        entities.add_hashes(digest, "target")
    entities.add_user(first(syscheck, "audit.login_user.name", "audit.user.name"), "actor")
    entities.add("process", first(syscheck, "audit.process.name"), "actor")
