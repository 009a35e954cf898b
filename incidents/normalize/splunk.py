"""Splunk notable events of Enterprise Security, and the body of an alert's webhook (`result` beside `search_name`)."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.known_keys import collect
from incidents.normalize.loglines import parse
from incidents.normalize.mapped import Mapping, read
from incidents.normalize.paths import mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word
from incidents.normalize.texts import as_text

FORMAT = "splunk_notable"
_MAPPING = Mapping(
    format=FORMAT,
    titles=("rule_title", "rule_name", "search_name", "savedsearch_name", "signature", "source"),
    description=("rule_description", "description", "savedsearch_description", "message"),
    external_id=("event_id", "event_hash", "orig_event_id", "_cd", "sid"),
    detection_id=("savedsearch_name", "search_name", "rule_id", "rule_name", "source"),
    detection_name=("rule_name", "search_name", "source"),
    occurred=("orig_time", "firstTime"),
    detected=("_time", "time", "_indextime"),
    techniques=(
        "annotations.mitre_attack",
        "annotations.mitre_attack.mitre_technique_id",
        "mitre_technique_id",
        "annotations._all",
    ),
    entities=(
        ("address", "source", ("src", "src_ip", "src_host", "src_dns")),
        ("address", "destination", ("dest_ip",)),
        ("address", "target", ("dest", "dest_host", "dest_nt_host", "dest_dns", "orig_host", "dvc")),
        ("user", "actor", ("src_user", "user")),
        ("user", "target", ("target_user", "dest_user")),
        ("process", "actor", ("process_path", "process_name", "process")),
        ("hash", "related", ("file_hash", "process_hash")),
        ("url", "related", ("url",)),
        ("domain", "related", ("query", "url_domain")),
    ),
    #: The search head that raised it and the index it lies in are no part of what happened.
    ignored=frozenset({"host", "splunkserver", "resultslink", "si"}),
)


def looks_like(payload: dict[str, Any]) -> bool:
    """A notable's index or source type, or a saved search's name beside Splunk's own members."""
    if payload.get("index") == "notable" or payload.get("sourcetype") == "stash" or "savedsearch_name" in payload:
        return True
    if "search_name" in payload:
        return any(name in payload for name in ("sid", "_time", "result", "results_link", "_raw", "event_id"))
    return "rule_title" in payload and any(name in payload for name in ("urgency", "_time", "event_id"))


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return a notable; urgency before severity, fields in `_raw` where Splunk left them there."""
    event = {**payload, **mapping(payload.get("result"))}
    raw = as_text(event.get("_raw"))
    hidden = parse(raw).fields if raw else {}
    event = {**hidden, **event}

    def take_raw(_: dict[str, Any], entities: Entities) -> None:
        collect(hidden, entities, shapes=True)

    words = (event.get(name) for name in ("urgency", "severity", "risk_severity", "priority"))
    score = next((found for found in map(from_word, words) if found is not None), None)
    return read(_MAPPING, event, score=score, take_more=take_raw)
