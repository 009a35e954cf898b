"""Suricata EVE: alerts, and other event types where a source forwards them."""

from typing import Any

from incidents.normalize.canonical import ip
from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import every, first, mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_suricata
from incidents.normalize.texts import as_text
from incidents.normalize.times import first_time

FORMAT = "suricata_eve"


def looks_like(payload: dict[str, Any]) -> bool:
    """`event_type` with a flow or addresses, or an `alert` with a signature."""
    if isinstance(payload.get("alert"), dict) and (
        "signature" in payload["alert"] or "signature_id" in payload["alert"]
    ):
        return True
    return isinstance(payload.get("event_type"), str) and ("flow_id" in payload or "src_ip" in payload)


def score(event: dict[str, Any]) -> float | None:
    """Return the severity; a signature whose author calls it critical is critical."""
    words = [as_text(word).lower() for word in every(event, "alert.metadata.signature_severity")]
    by_number = from_suricata(first(event, "alert.severity"))
    return 9.5 if "critical" in words and by_number is not None else by_number


def take_entities(event: dict[str, Any], entities: Entities) -> None:
    """Take addresses, names asked for, URLs, users and files of an EVE event."""
    entities.add_address(first(event, "src_ip", "flow.src_ip"), "source")
    entities.add_address(first(event, "dest_ip", "flow.dest_ip"), "destination")
    entities.add_host(first(event, "host"), "related")
    name = as_text(first(event, "http.hostname"))
    if name and not ip(name):
        entities.add("domain", name, "destination")
    _take_url(event, name, entities)
    entities.add_all("domain", every(event, "tls.sni", "dns.rrname", "dns.query.rrname"), "destination")
    for query in _queries(event):
        entities.add("domain", query.get("rrname"), "destination")
    entities.add_all("email", every(event, "email.from"), "source")
    entities.add_all("email", every(event, "email.to"), "target")
    entities.add_all("file", every(event, "fileinfo.filename"), "related")
    for digest in every(event, "fileinfo.md5", "fileinfo.sha1", "fileinfo.sha256"):
        entities.add_hashes(digest)
    entities.add_user(first(event, "smb.ntlmssp.user", "krb5.cname", "ftp.user"), "actor")


def techniques(event: dict[str, Any]) -> list[Any]:
    """Return the texts that may name techniques."""
    return [*every(event, "alert.metadata.mitre_technique_id", "alert.metadata.mitre_technique"), *_tags(event)]


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return an EVE record; the signature's generator and id name the detection."""
    entities = Entities()
    take_entities(payload, entities)
    kind = as_text(payload.get("event_type")) or "alert"
    signature = first(payload, "alert.signature")
    moment = first_time(payload.get("timestamp"))
    return assemble(
        name=FORMAT,
        titles=[signature, first(payload, "alert.category"), f"Suricata {kind} event"],
        description=first(payload, "alert.category"),
        external_id=first(payload, "flow_id"),
        detection_id=first(payload, "alert.signature_id"),
        detection_name=signature,
        score=score(payload),
        occurred_at=first_time(first(payload, "flow.start")),
        detected_at=moment,
        techniques=techniques(payload),
        entities=entities,
        notes=[] if mapping(payload.get("alert")) else [f"This EVE record is a {kind} event, no alert."],
    )


def _take_url(event: dict[str, Any], name: str, entities: Entities) -> None:
    path = as_text(first(event, "http.url"))
    if path.startswith("/") and name:
        scheme = "https" if isinstance(event.get("tls"), dict) else "http"
        entities.add("url", f"{scheme}://{name}{path}", "destination")
    elif path:
        entities.add("url", path, "destination")


def _queries(event: dict[str, Any]) -> list[dict[str, Any]]:
    dns = mapping(event.get("dns"))
    found = dns.get("query") or dns.get("queries")
    return [item for item in found[:16] if isinstance(item, dict)] if isinstance(found, list) else []


def _tags(event: dict[str, Any]) -> list[Any]:
    return list(every(event, "alert.metadata.tag", "alert.metadata.attack_target"))
