"""What an object of unknown shape is called, how bad it says it is and when it was: by the names of its fields."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from incidents.normalize.known_keys import plain
from incidents.normalize.severities import from_unknown_scale, from_word, number_of
from incidents.normalize.texts import as_text, line, word_list
from incidents.normalize.times import first_time, parse_time

#: (parent key, key, value) of every leaf of a payload.
Leaves = list[tuple[str, str, Any]]

TITLES = word_list(
    "ruletitle rulename alerttitle alertname alertrulename rulematchrulename sourcerulename detectionname "
    "signaturename title signature threatname alertsignature detectiontitle name findingtitle headline eventname "
    "displaymessage eventtypename eventtype actionname eventaction operationname operation activitydisplayname "
    "activityname methodname protopayloadmethodname primarydescription eventsname model summary message msg "
    "subject action description verb activity activitytype type kind category reason event raw"
)
#: These say a title only at the top: deeper, `name` is a person's or a file's.
_ONLY_AT_TOP = frozenset(word_list("name type action category event model reason raw subject kind activity"))
_TITLE_ENDINGS = word_list(
    "rulename alertname threatname malwarename virusname detectionname eventname signaturename policyname title "
    "eventtype actiontype operationname displaymessage eventdescription eventaction action description status"
)
DESCRIPTIONS = word_list("description longdescription details detail summary message reason msg body")
IDS = word_list("id alertid eventid uuid uid incidentid detectionid findingid guid eventuuid compositeid")
DETECTIONS = word_list(
    "ruleid ruleuuid alertruleid detectionid signatureid detectionruleid alertsignatureid sid policyid "
    "templateid ruleruleid sourceruleid rulename alertname detectionname eventname eventtype operationname actionname"
)
_SEVERITIES = word_list("severity severityname severitylabel severitylevel risklevel threatlevel urgency criticality")
_SEVERITY_ENDINGS = word_list("severity severityname severitylevel severitylabel risklevel threatlevel loglevel")
_SCORES = ("riskscore", "severityscore", "threatscore", "score", "severitynormalized", "severityid")
DETECTED = word_list(
    "detectedat detectiontime timestamp time eventtime createdat createddatetime createdtime eventcreationtime "
    "eventcreatedate created published creationtime datetime date eventdatetime ts t rt occured occurred "
    "eventtimestamp timegenerated receivetime updatedat clienttimestamp firstseen starttime systemtime utctime"
)
OCCURRED = word_list(
    "occurredat firstactivitydatetime origtime originaltime firstseen eventstarttime activitystarttime "
    "contexttimestamp timegenerated eventtime clienttimestamp starttime start begintime begin end"
)
_TIME_ENDINGS = ("timestamp", "time", "date", "datetime", "at", "on", "start", "end", "create", "created")
_SAID = frozenset(
    word_list(
        "action activity activitytype operationname displaymessage kind reason outcome result status verdict category "
        "message description detail details "
        "operation eventtype eventaction eventname actionname disposition statusdetail resultdescription "
        "eventdescription actiontype subtype rulename policyname threatname malwarename ruledescription comment"
    )
)


def index(found: Leaves) -> tuple[dict[str, Any], dict[str, Any]]:
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


def titles(names: dict[str, Any], top: dict[str, Any]) -> Iterator[Any]:
    """Yield what may be the title, the best first."""
    for name in TITLES:
        yield top.get(name) if name in _ONLY_AT_TOP else names.get(name)
    for ending in _TITLE_ENDINGS:
        for name, value in names.items():
            if name.endswith(ending) and isinstance(value, str):
                yield value


def score(names: dict[str, Any]) -> float | None:
    """Return the severity on our scale, read from words, 0 to 10, or 0 to 100; None when nothing says it."""
    for name in _SEVERITIES:
        found = from_unknown_scale(names.get(name))
        if found is not None:
            return found
    for name in _SCORES:
        number = number_of(names.get(name))
        if number is not None and 0 <= number <= 100:
            return number / 10 if number > 10 else number
    for name, value in names.items():
        by_word = from_word(value) if name.endswith(_SEVERITY_ENDINGS) else None
        if by_word is not None:
            return by_word
    return from_word(names.get("priority")) or from_word(names.get("level"))


def detected(names: dict[str, Any]) -> dt.datetime | None:
    """Return the moment of detection: the usual names first, then whatever ends like a moment and is one."""
    usual = first_time(*(names.get(name) for name in DETECTED))
    if usual is not None:
        return usual
    for name, value in names.items():
        if name.endswith(_TIME_ENDINGS):
            moment = parse_time(value)
            if moment is not None:
                return moment
    return None


def occurred(names: dict[str, Any]) -> dt.datetime | None:
    """Return the moment of the event itself, where the payload names it apart."""
    return first_time(*(names.get(name) for name in OCCURRED))


def said(found: Leaves, main: Any) -> str:
    """Return the description: the main text, then what else the source says of action, reason and outcome."""
    text = as_text(main)
    lines = [text] if text else []
    for _, key, value in found:
        words = line(value, 400) if plain(key) in _SAID else ""
        if words and words not in text and len(lines) < 14:
            entry = f"{line(key, 60)}: {words}"
            if entry not in lines:
                lines.append(entry)
    return "\n".join(lines)
