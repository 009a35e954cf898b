"""What case and intelligence tools send: TheHive alerts, MISP events, STIX 2.1 bundles."""

import re
from typing import Any

from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.mapped import one, values
from incidents.normalize.paths import first, mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word, number_of
from incidents.normalize.texts import as_text
from incidents.normalize.times import first_time

THEHIVE = "thehive"
MISP = "misp"
STIX = "stix"
_OBSERVABLES = {
    "ip": "ip", "domain": "domain", "fqdn": "domain", "url": "url", "uri_path": "", "hash": "hash", "mail": "email",
    "mail-address": "email", "hostname": "host", "filename": "file", "user": "user", "username": "user",
}  # fmt: skip
#: MISP's attribute types; a pair ("filename|sha256") is split first.
_ATTRIBUTES = {
    "ip-src": ("ip", "source"), "ip-dst": ("ip", "destination"), "ip": ("ip", "related"),
    "domain": ("domain", "related"), "hostname": ("address", "related"), "url": ("url", "related"),
    "uri": ("url", "related"), "link": ("", ""), "md5": ("hash", "related"), "sha1": ("hash", "related"),
    "sha224": ("hash", "related"), "sha256": ("hash", "related"), "sha384": ("hash", "related"),
    "sha512": ("hash", "related"), "filename": ("file", "related"), "email": ("email", "related"),
    "email-src": ("email", "source"), "email-dst": ("email", "target"), "target-machine": ("host", "target"),
    "target-user": ("user", "target"), "target-email": ("email", "target"), "port": ("", ""),
}  # fmt: skip
_THREAT_LEVELS = {1: 8.0, 2: 5.5, 3: 2.5}
_HIVE_LEVELS = {1: 2.5, 2: 5.5, 3: 8.0, 4: 9.5}
_PATTERN = re.compile(r"([a-z0-9-]{2,40}):([\w.'\-]{1,80})\s*(?:=|LIKE|MATCHES)\s*'((?:[^'\\]|\\.){1,1000})'")
_STIX_TYPES = {
    "ipv4-addr": "ip", "ipv6-addr": "ip", "domain-name": "domain", "url": "url", "email-addr": "email",
    "user-account": "user", "process": "process",
}  # fmt: skip
_MAIN = ("report", "incident", "campaign", "malware", "intrusion-set", "threat-actor", "indicator", "observed-data")


def is_thehive(payload: dict[str, Any]) -> bool:
    """The alert's own type, or a source's reference beside a title."""
    if str(payload.get("_type", "")).lower() == "alert" and "title" in payload:
        return True
    return "sourceRef" in payload and "title" in payload


def is_misp(payload: dict[str, Any]) -> bool:
    """An event with its info beside attributes or a threat level."""
    event = mapping(payload.get("Event")) or payload
    return "info" in event and any(name in event for name in ("Attribute", "threat_level_id", "Object"))


def is_stix(payload: dict[str, Any]) -> bool:
    """A bundle by its type or id, or a lone indicator."""
    if not isinstance(payload.get("objects"), list):
        return payload.get("type") == "indicator" and "pattern" in payload
    return payload.get("type") == "bundle" or str(payload.get("id", "")).startswith("bundle--")


def normalize_thehive(payload: dict[str, Any]) -> NormalAlert:
    """Return an alert with its observables; 1 to 4 are low to critical."""
    entities = Entities()
    for path in ("observables", "artifacts"):
        for item in objects(payload, path):
            kind = _OBSERVABLES.get(as_text(item.get("dataType")).lower(), "")
            data = item.get("data")
            for value in data if isinstance(data, list) else [data]:
                entities.add(kind, value, "related") if kind else entities.scan(value)
    entities.scan(payload.get("description"))
    level = number_of(payload.get("severity"))
    return assemble(
        name=THEHIVE,
        titles=[payload.get("title")],
        description=payload.get("description"),
        external_id=first(payload, "sourceRef", "_id", "id"),
        detection_id=first(payload, "type", "source"),
        score=_HIVE_LEVELS.get(int(level)) if level is not None else from_word(payload.get("severity")),
        occurred_at=first_time(first(payload, "date")),
        detected_at=first_time(first(payload, "_createdAt", "createdAt", "date")),
        techniques=[*values(payload, ("tags", "procedures.patternId", "ttps.patternId"))],
        entities=entities,
    )


def normalize_misp(payload: dict[str, Any]) -> NormalAlert:
    """Return an event as one alert; its attributes are entities, up to the record's limit."""
    event = mapping(payload.get("Event")) or payload
    entities = Entities()
    attributes = [*objects(event, "Attribute")]
    for item in objects(event, "Object"):
        attributes.extend(objects(item, "Attribute"))
    for attribute in attributes[:400]:
        _take_attribute(attribute, entities)
    level = number_of(event.get("threat_level_id"))
    tags = values(event, ("Tag.name", "Galaxy.GalaxyCluster.value", "Galaxy.GalaxyCluster.tag_name"))
    return assemble(
        name=MISP,
        titles=[event.get("info")],
        description="\n".join(as_text(tag) for tag in tags[:20]),
        external_id=first(event, "uuid", "id"),
        detection_id=first(event, "uuid", "id"),
        score=_THREAT_LEVELS.get(int(level)) if level is not None else None,
        occurred_at=first_time(_midnight(event.get("date"))),
        detected_at=first_time(
            first(event, "timestamp"), first(event, "publish_timestamp"), _midnight(event.get("date"))
        ),
        techniques=tags,
        entities=entities,
    )


def _take_attribute(attribute: dict[str, Any], entities: Entities) -> None:
    kinds, text = as_text(attribute.get("type")), as_text(attribute.get("value"))
    parts = text.split("|") if "|" in kinds else [text]
    for kind, value in zip(kinds.split("|"), parts, strict=False):
        entity, role = _ATTRIBUTES.get(kind, ("", ""))
        if entity == "address":
            entities.add_address(value, role)
        elif entity:
            entities.add(entity, value, role)


def _midnight(value: Any) -> Any:
    text = as_text(value)
    return f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else value


def normalize_stix(payload: dict[str, Any]) -> NormalAlert:
    """Return a bundle as one alert: the report (or the first of what it is about) names it, patterns name entities."""
    items = objects(payload, "objects") or [payload]
    main = min(items, key=lambda item: _MAIN.index(kind) if (kind := item.get("type")) in _MAIN else len(_MAIN))
    entities = Entities()
    for item in [*objects(payload, "objects"), payload][:400]:
        _take_object(item, entities)
    known = [reference for item in items if item.get("type") == "attack-pattern" for reference in
             [*values(item, ("external_references.external_id",)), item.get("name")]]  # fmt: skip
    return assemble(
        name=STIX,
        titles=[main.get("name"), *values(items, ("name",)), *values(items, ("description",))],
        description=one([main], ("description",)) or one(items, ("description",)),
        external_id=payload.get("id"),
        detection_id=main.get("id"),
        score=None,
        occurred_at=first_time(first(main, "first_seen", "valid_from", "first_observed")),
        detected_at=first_time(first(main, "published", "created", "modified"), *values(items, ("created",))),
        techniques=known,
        entities=entities,
    )


def _take_object(item: dict[str, Any], entities: Entities) -> None:
    kind = as_text(item.get("type"))
    if kind == "indicator":
        for thing, path, value in _PATTERN.findall(as_text(item.get("pattern"))[:20_000]):
            _take_observable(thing, path, value.replace("\\\\", "\\").replace("\\'", "'"), entities)
    elif kind in _STIX_TYPES:
        name = "account_login" if kind == "user-account" else "command_line" if kind == "process" else "value"
        _take_observable(kind, name, as_text(item.get(name)), entities)
    elif kind == "file":
        entities.add("file", item.get("name"), "related")
        for digest in mapping(item.get("hashes")).values():
            entities.add("hash", digest, "related")


def _take_observable(thing: str, path: str, value: str, entities: Entities) -> None:
    if "hashes" in path:
        entities.add("hash", value, "related")
    elif thing == "file" and path.endswith("name"):
        entities.add("file", value, "related")
    elif thing == "process":
        entities.add_command(value, "related")
    elif thing in _STIX_TYPES and "." not in path:
        entities.add(_STIX_TYPES[thing], value, "related")
