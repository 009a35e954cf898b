"""Any JSON object and any log line: what well-known names say of title, time and severity; the rest is scanned."""

import datetime as dt
from typing import Any

from incidents.normalize import line_phrases, loglines, titles
from incidents.normalize.draft import assemble
from incidents.normalize.embedded import all_leaves
from incidents.normalize.entities import Entities
from incidents.normalize.known_keys import collect, collect_leaves
from incidents.normalize.record import NormalAlert
from incidents.normalize.texts import as_text
from incidents.normalize.times import parse_time

FORMAT = "generic"
LINE_FORMAT = "log_line"

_ATTACK = ("technique", "mitre", "attack", "tactic", "tag", "ttp")
_RAW = ("message", "raw", "eventoriginal", "original", "log", "fulllog", "originalmessage", "rawlog", "syslog", "body")


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return what can be read of an object of unknown shape."""
    found = all_leaves(payload)
    names, top = titles.index(found)
    entities = Entities()
    line = _embedded_line(names, entities)
    collect_leaves(found, entities, shapes=True)
    score = titles.score(names)
    return assemble(
        name=FORMAT,
        titles=[
            line.title if line and line.shape in {"cef", "leef", "snort_fast"} else None,
            *titles.titles(names, top),
            *((line and [line.title]) or []),
        ],
        description=titles.said(found, _first(names, titles.DESCRIPTIONS)),
        external_id=_first(top, titles.IDS),
        detection_id=_first(names, titles.DETECTIONS) or (line.detection_id if line else ""),
        detection_name=_first(names, ("rulename", "alertname", "detectionname", "signature")),
        score=line.score if score is None and line else score,
        occurred_at=titles.occurred(names),
        detected_at=titles.detected(names) or (line.time if line else None),
        techniques=attack_texts(found),
        entities=entities,
    )


def normalize_line(text: str, *, reference: dt.datetime | None = None) -> NormalAlert:
    """Return a log line as an alert; a line of no known shape is its own title."""
    line = loglines.parse(text, reference=reference)
    entities = Entities()
    _take_line(line, entities)
    line_phrases.take(text, entities)
    entities.scan(text)
    return assemble(
        name={"text": LINE_FORMAT}.get(line.shape, line.shape),
        titles=[line.title],
        description=text,
        detection_id=line.detection_id or (f"{line.program}" if line.program else ""),
        score=line.score,
        detected_at=line.time,
        techniques=[str(value) for key, value in line.fields.items() if any(word in key.lower() for word in _ATTACK)],
        entities=entities,
        notes=["No known shape of log line; only addresses, hashes and names were read."]
        if line.shape == "text"
        else [],
    )


def _first(names: dict[str, Any], wanted: Any) -> Any:
    return next((names[name] for name in wanted if as_text(names.get(name))), "")


def _embedded_line(names: dict[str, Any], entities: Entities) -> loglines.LogLine | None:
    text = next((names[name] for name in _RAW if isinstance(names.get(name), str)), None)
    if text is None:
        return None
    line = loglines.parse(text)
    _take_line(line, entities)
    return line


def _take_line(line: loglines.LogLine, entities: Entities) -> None:
    if line.host and parse_time(line.host) is None:
        entities.add_address(line.host, "target")
    if line.program:
        entities.add("process", line.program, "actor")
    if line.fields:
        collect(line.fields, entities, shapes=True)


def attack_texts(found: titles.Leaves) -> list[Any]:
    """Return the texts whose names speak of techniques or tags."""
    return [
        value
        for parent, key, value in found
        if isinstance(value, str) and any(word in f"{parent}.{key}".lower() for word in _ATTACK)
    ]
