"""Match records: a rule that fired, and the event it fired on; the event is read by its own format."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from incidents.normalize.paths import every, mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_unknown_scale, from_word
from incidents.normalize.techniques import techniques_in
from incidents.normalize.texts import ID_LENGTH, as_text, first_line, line, paragraph

FORMAT = "match_record"
_MEMBERS = frozenset({"format", "rule", "event", "id", "source", "group"})


def looks_like(payload: dict[str, Any]) -> bool:
    """`event` beside a `rule` or a `format`, and nothing else (an ECS document has much else)."""
    return "event" in payload and ("rule" in payload or "format" in payload) and _MEMBERS.issuperset(payload)


def normalize(payload: dict[str, Any], read_event: Callable[[Any], NormalAlert]) -> NormalAlert:
    """Return the event's record under the rule's title, severity and techniques."""
    event = read_event(payload.get("event"))
    rule = mapping(payload.get("rule"))
    if not rule:
        return event
    level = from_word(rule.get("level"))
    score = level if level is not None else from_unknown_scale(rule.get("severity") or rule.get("level"))
    named = list(every(rule, "tags", "techniques", "mitre.id", "mitre", "attack"))
    name = first_line(rule.get("title"), rule.get("name"))
    return replace(
        event,
        format=FORMAT,
        title=name or event.title,
        description=paragraph(rule.get("description")) or event.description,
        external_id=line(payload.get("id"), ID_LENGTH) or event.external_id,
        detection_id=line(rule.get("id"), ID_LENGTH) or as_text(event.detection_id),
        detection_name=name or event.detection_name,
        detection_key="",
        severity_score=event.severity_score if score is None else min(max(score, 0.0), 10.0),
        severity_origin=event.severity_origin if score is None else "source",
        techniques=tuple(dict.fromkeys((*techniques_in(named), *event.techniques))),
        notes=tuple(note for note in event.notes if not note.startswith("The payload names no title")),
    )
