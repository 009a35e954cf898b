"""Log lines: CEF, LEEF, syslog of both RFCs, Snort's one line, PAN-OS columns, XML, key=value. The rest is text."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from incidents.normalize import line_cef, line_panos, line_xml
from incidents.normalize.severities import from_suricata, from_syslog, from_unknown_scale
from incidents.normalize.times import find_time, first_time, parse_time

MAX_LINE = 64_000
MAX_PAIRS = 400

_RFC5424 = re.compile(r"<\d{1,3}>1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|\[)")
_RFC3164 = re.compile(
    r"(?:<\d{1,3}>)?((?:[A-Z][a-z]{2} {1,2}\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d)"
    r"|\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?)"
    r" ([\w.:-]{1,255}) (?:([\w./-]{1,64})(?:\[(\d{1,10})\])?: ?)?"
)
_CISCO_HOST = re.compile(
    r"(?:<\d{1,3}>)?(?:\d{1,10}: )?([A-Za-z][\w.-]{0,80}): [*.]?(?=[A-Z][a-z]{2} {1,2}\d|\d{4} [A-Z])"
)
_CISCO = re.compile(r"%([A-Z][A-Z0-9_]{1,30})-(?:\w{1,20}-)?([0-7])-([A-Z0-9_]{2,60}): ?(.{0,400})", re.DOTALL)
_PAIR = re.compile(
    r'([A-Za-z_@][\w.@/-]{0,63})(?:=| = )("(?:[^"\\]|\\.){0,8000}"|\'[^\']{0,2000}\'|<[^<>]{1,400}>|[^\s,;"\]]{0,2000})'
)
#: `Event time: 2026-03-04 12:00:00,` and `[user: mia]`; the value ends where the list goes on.
_COLON = re.compile(r'(?:^|[,;\[({\t"] ?|\. |: )([A-Za-z][\w ]{1,40}?) ?: ?("[^"]{1,2000}"|[^,;\[\](){}\t"]{1,400})')
#: Citrix: ` - User mia - Client_ip 10.0.0.1 -`.
_DASHED = re.compile(r' - ([A-Z]\w{2,30}) ("[^"]{0,400}"|\S{1,400})(?= - |$|")')
_SNORT = re.compile(
    r"\[\*\*\] \[(\d+:\d+:\d+)\] \"?(.{1,300}?)\"? \[\*\*\](?: \[Classification: ([^\]]{1,200})\])?"
    r"(?: \[Priority: (\d)\])?(?: \{(\w{1,12})\} (\S{1,64}) -> (\S{1,64}))?"
)


@dataclass(slots=True)
class LogLine:
    """What a line says. `shape` is cef, leef, pan_os, xml, snort_fast, key_value, syslog or text."""

    shape: str = "text"
    title: str = ""
    detection_id: str = ""
    host: str = ""
    program: str = ""
    score: float | None = None
    time: dt.datetime | None = None
    #: For `known_keys`.
    fields: dict[str, Any] = field(default_factory=dict)


def parse(text: str, *, reference: dt.datetime | None = None) -> LogLine:
    """Return what the line says; never raises. `reference` gives the year where the line has none."""
    text = text[:MAX_LINE].strip()
    found = LogLine()
    body = _header(text, found, reference)
    if not (_cef(body, found, reference) or _leef(body, found, reference) or _panos(body, found)):
        if "[**]" in body[:200]:
            _snort(body, found, reference)
        elif line_xml.looks_like(body):
            found.shape, found.fields = "xml", line_xml.fields(body)
            _name_pairs(found, reference)
        else:
            _pairs(body, found, reference)
    _cisco(body, found)
    found.time = found.time or find_time(text, reference=reference)
    found.title = found.title or body or text
    return found


def _header(text: str, found: LogLine, reference: dt.datetime | None) -> str:
    modern = _RFC5424.match(text)
    if modern:
        moment, found.host, found.program = modern[1], modern[2], modern[3]
        found.shape, found.time = "syslog", parse_time(moment)
        found.host = "" if found.host == "-" else found.host
        return _after_structured_data(text[modern.end() - 1 :])
    old = _RFC3164.match(text)
    if old is None:
        named = _CISCO_HOST.match(text)
        found.host = named[1] if named else ""
        return text
    found.shape, found.time = "syslog", parse_time(old[1], reference=reference)
    found.host, found.program = old[2], old[3] or ""
    if found.program == "CEF":
        found.program = ""
        return "CEF:" + text[old.end() :]
    return text[old.end() :]


def _after_structured_data(text: str) -> str:
    """Return the message of an RFC 5424 line; its structured data stays in front, as key=value."""
    return text[1:].strip() if text.startswith("-") else text


def _cef(text: str, found: LogLine, reference: dt.datetime | None) -> bool:
    read = line_cef.read_cef(text)
    if read is None:
        return False
    found.shape = "cef"
    found.detection_id, found.title, found.score, found.fields = read
    names = ("rt", "end", "endTime", "start", "deviceCustomDate1")
    found.time = first_time(*(found.fields.get(name) for name in names), reference=reference) or found.time
    return True


def _leef(text: str, found: LogLine, reference: dt.datetime | None) -> bool:
    read = line_cef.read_leef(text)
    if read is None:
        return False
    found.detection_id, title, found.fields = read
    _name_pairs(found, reference)
    found.shape, found.title = "leef", title or found.title
    return True


def _panos(text: str, found: LogLine) -> bool:
    fields = line_panos.read(text)
    if fields is None:
        return False
    found.shape, found.fields, found.title = "pan_os", fields, line_panos.title_of(fields)
    found.score = from_unknown_scale(fields.get("severity"))
    found.time = first_time(fields.get("generated_at"), fields.get("received_at")) or found.time
    return True


def _cisco(text: str, found: LogLine) -> None:
    """`%FACILITY-LEVEL-MNEMONIC: words`: the level counts down from 7 to 0, the worst."""
    match = _CISCO.search(text[:300] if len(text) < 300 else text[:700])
    if match and found.shape in {"text", "syslog", "key_value"}:
        found.detection_id = f"{match[1]}-{match[2]}-{match[3]}"
        found.title, found.score = match[4].strip() or found.detection_id, from_syslog(match[2])
        found.shape = "cisco"


def _snort(text: str, found: LogLine, reference: dt.datetime | None) -> None:
    match = _SNORT.search(text)
    if match is None:
        return
    found.shape, found.detection_id, found.title = "snort_fast", match[1], match[2]
    found.score = from_suricata(match[4])
    found.fields = {"src_ip": match[6], "dst_ip": match[7], "protocol": match[5], "classification": match[3]}
    found.time = _snort_time(text[: match.start()].strip(), reference) or found.time


def _snort_time(text: str, reference: dt.datetime | None) -> dt.datetime | None:
    """Snort writes no year: 07/03-12:48:48.967271 is that of arrival."""
    now = reference or dt.datetime.now(dt.UTC)
    for candidate in (text, f"{text[:5]}/{now.year}{text[5:]}"):
        moment = parse_time(candidate)
        if moment is not None:
            return moment.replace(year=moment.year - 1) if moment > now + dt.timedelta(days=2) else moment
    return None


def _pairs(text: str, found: LogLine, reference: dt.datetime | None) -> None:
    pairs: dict[str, Any] = {}
    for match in _PAIR.finditer(text):
        value = match[2]
        pairs[match[1]] = value[1:-1].replace('\\"', '"') if value[:1] in {'"', "'", "<"} else value
        if len(pairs) >= MAX_PAIRS:
            break
    strong = len(pairs) >= 3
    for pattern in (_COLON, _DASHED):
        for match in pattern.finditer(text[:8000]):
            if len(pairs) < MAX_PAIRS:
                pairs.setdefault(match[1].strip(), match[2].strip().strip('"'))
    found.fields = pairs
    if strong:
        found.shape = "key_value"
        _name_pairs(found, reference)
    elif pairs:
        found.time = _pair_time({key.lower(): value for key, value in pairs.items()}, reference) or found.time


def _name_pairs(found: LogLine, reference: dt.datetime | None) -> None:
    """Take title, id, severity and time from the fields of a line."""
    lower = {key.lower(): value for key, value in found.fields.items()}
    found.title = str(next((lower[name] for name in _TITLES if lower.get(name)), ""))
    found.detection_id = found.detection_id or str(next((lower[name] for name in _IDS if lower.get(name)), ""))
    found.score = next(
        (s for s in (from_unknown_scale(lower.get(name)) for name in _SEVERITIES) if s is not None), None
    )
    if found.score is None:
        found.score = from_syslog(lower.get("pri"))
    found.time = _pair_time(lower, reference) or found.time


def _pair_time(lower: dict[str, Any], reference: dt.datetime | None) -> dt.datetime | None:
    stamp = f"{lower['date']} {lower['time']} {lower.get('tz', '')}".strip() if {"date", "time"} <= set(lower) else None
    zoned = f"{lower['time']} {lower['tz']}" if {"time", "tz"} <= set(lower) else None
    return first_time(stamp, zoned, *(lower.get(name) for name in _TIMES), reference=reference)


_TITLES = (
    "attack", "threatname", "threat_name", "virus", "rulename", "rule_name", "signature", "risk name", "msg", "message",
    "logdesc", "description", "name", "event", "action", "operationmessagetext", "eventdescription",
    "event description",
)  # fmt: skip
_IDS = ("attackid", "ruleid", "rule_id", "sid", "signature_id", "logid", "log_id", "eventid", "event_id", "threatid")
_SEVERITIES = ("severity", "sev", "crlevel", "threatseverity", "risk", "level", "log_level")
_TIMES = (
    "timestamp", "eventtime", "event time", "rt", "devtime", "time", "date", "start", "begin", "begin time", "startime",
    "datetime", "occurred", "gmttime", "generatedtime", "detectedutc", "logtime",
)  # fmt: skip
