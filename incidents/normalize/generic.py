"""Any JSON object and any log line: what well-known names say of title, time and severity; the rest is scanned."""

import datetime as dt
from typing import Any

from incidents.normalize import loglines
from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.known_keys import collect, collect_leaves, plain
from incidents.normalize.paths import leaves
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_unknown_scale, from_word, number_of
from incidents.normalize.texts import as_text, word_list
from incidents.normalize.times import first_time, parse_time

#: (parent key, key, value) of every leaf of a payload.
Leaves = list[tuple[str, str, Any]]

FORMAT = "generic"
LINE_FORMAT = "log_line"

_TITLES = word_list(
    "ruletitle rulename alerttitle alertname alertrulename detectionname signaturename title signature "
    "threatname alertsignature detectiontitle name eventname displaymessage eventtype operationname "
    "operation activitydisplayname activityname methodname protopayloadmethodname primarydescription "
    "model summary message msg subject action description type category reason event raw"
)
#: These say a title only at the top: deeper, `name` is a person's or a file's.
_ONLY_AT_TOP = frozenset({"name", "type", "action", "category", "event", "model", "reason", "raw", "subject"})
_DESCRIPTIONS = ["description", "longdescription", "details", "summary", "message", "reason", "msg"]
_IDS = ["id", "alertid", "eventid", "uuid", "uid", "incidentid", "detectionid", "findingid", "guid", "eventuuid"]
_DETECTIONS = word_list(
    "ruleid ruleuuid alertruleid detectionid signatureid detectionruleid alertsignatureid sid policyid "
    "templateid ruleruleid rulename alertname detectionname eventname eventtype operationname"
)
_SEVERITIES = word_list("severity severityname severitylabel severitylevel risklevel threatlevel urgency criticality")
_SCORES = ["riskscore", "severityscore", "threatscore", "score", "severitynormalized"]
_DETECTED = word_list(
    "detectedat detectiontime timestamp time eventtime createdat createddatetime eventcreationtime "
    "created published creationtime datetime date ts t eventtimestamp receivetime updatedat firstseen "
    "starttime systemtime utctime"
)
_OCCURRED = [
    "occurredat",
    "firstactivitydatetime",
    "origtime",
    "originaltime",
    "firstseen",
    "eventstarttime",
    "activitystarttime",
]
_ATTACK = ("technique", "mitre", "attack", "tactic", "tag", "ttp")
_RAW = ("message", "raw", "eventoriginal", "original", "log", "fulllog", "originalmessage", "rawlog", "syslog")


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return what can be read of an object of unknown shape."""
    found = list(leaves(payload))
    names, top = _index(found)
    entities = Entities()
    collect_leaves(found, entities)
    line = _embedded_line(names, entities)
    title = [names.get(name) if name not in _ONLY_AT_TOP else top.get(name) for name in _TITLES]
    detected = first_time(*(names.get(name) for name in _DETECTED))
    return assemble(
        name=FORMAT,
        titles=[
            line.title if line and line.shape in {"cef", "snort_fast"} else None,
            *title,
            *((line and [line.title]) or []),
        ],
        description=_first(names, _DESCRIPTIONS),
        external_id=_first(top, _IDS),
        detection_id=_first(names, _DETECTIONS) or (line.detection_id if line else ""),
        detection_name=_first(names, ("rulename", "alertname", "detectionname", "signature")),
        score=_score(names, line),
        occurred_at=first_time(*(names.get(name) for name in _OCCURRED)),
        detected_at=detected or (line.time if line else None),
        techniques=_attack_texts(found),
        entities=entities,
    )


def normalize_line(text: str, *, reference: dt.datetime | None = None) -> NormalAlert:
    """Return a log line as an alert; a line of no known shape is its own title."""
    line = loglines.parse(text, reference=reference)
    entities = Entities()
    _take_line(line, entities)
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


def _index(found: Leaves) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first value of every plain key (alone and with its parent), and those of the top level."""
    names: dict[str, Any] = {}
    top: dict[str, Any] = {}
    for parent, key, value in found:
        if value == "":
            continue
        name = plain(key)
        if not parent:
            top.setdefault(name, value)
        else:
            names.setdefault(plain(parent) + name, value)
        names.setdefault(name, value)
    return {**names, **top}, top


def _first(names: dict[str, Any], wanted: Any) -> Any:
    return next((names[name] for name in wanted if as_text(names.get(name))), "")


def _score(names: dict[str, Any], line: loglines.LogLine | None) -> float | None:
    for name in _SEVERITIES:
        score = from_unknown_scale(names.get(name))
        if score is not None:
            return score
    for name in _SCORES:
        number = number_of(names.get(name))
        if number is not None and 0 <= number <= 100:
            return number / 10 if number > 10 else number
    by_word = from_word(names.get("priority")) or from_word(names.get("level"))
    return by_word if by_word is not None or line is None else line.score


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
    if line.fields:
        collect(line.fields, entities)


def _attack_texts(found: Leaves) -> list[Any]:
    return [
        value
        for parent, key, value in found
        if isinstance(value, str) and any(word in f"{parent}.{key}".lower() for word in _ATTACK)
    ]
