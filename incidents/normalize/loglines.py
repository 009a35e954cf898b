"""Log lines: CEF, syslog of both RFCs, Snort's one line, key=value. What has no known shape stays a text to scan."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from incidents.normalize.severities import from_suricata, from_unknown_scale
from incidents.normalize.times import first_time, parse_time

MAX_LINE = 64_000
MAX_PAIRS = 400

_RFC5424 = re.compile(r"<\d{1,3}>1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|\[)")
_RFC3164 = re.compile(
    r"(?:<\d{1,3}>)?((?:[A-Z][a-z]{2} {1,2}\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d)"
    r"|\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?)"
    r" ([\w.:-]{1,255}) (?:([\w./-]{1,64})(?:\[(\d{1,10})\])?: ?)?"
)
_CEF = re.compile(r"CEF: ?\d{1,2}\|")
_CEF_FIELD = re.compile(r"((?:[^|\\]|\\.){0,1023})\|", re.DOTALL)
_CEF_KEY = re.compile(r"(?:^|(?<=\s))([\w.\-\[\]]{1,64})=")
_PAIR = re.compile(r'([A-Za-z_@][\w.@-]{0,63})=("(?:[^"\\]|\\.){0,8000}"|[^\s,;"]{0,2000})')
_SNORT = re.compile(
    r"\[\*\*\] \[(\d+:\d+:\d+)\] \"?(.{1,300}?)\"? \[\*\*\](?: \[Classification: ([^\]]{1,200})\])?"
    r"(?: \[Priority: (\d)\])?(?: \{(\w{1,12})\} (\S{1,64}) -> (\S{1,64}))?"
)


@dataclass(slots=True)
class LogLine:
    """What a line says. `shape` is cef, snort_fast, key_value, syslog or text; `fields` are for `known_keys`."""

    shape: str = "text"
    title: str = ""
    detection_id: str = ""
    host: str = ""
    program: str = ""
    score: float | None = None
    time: dt.datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def parse(text: str, *, reference: dt.datetime | None = None) -> LogLine:
    """Return what the line says; never raises. `reference` gives the year where the line has none."""
    text = text[:MAX_LINE].strip()
    found = LogLine()
    body = _header(text, found, reference)
    if _CEF.search(body[:400]):
        _cef(body, found, reference)
    elif "[**]" in body[:200]:
        _snort(body, found, reference)
    else:
        _pairs(body, found, reference)
    if not found.title:
        found.title = body or text
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


def _cef(text: str, found: LogLine, reference: dt.datetime | None) -> None:
    start = _CEF.search(text)
    if start is None:
        return
    position = start.end()
    head: list[str] = []
    while len(head) < 6:
        part = _CEF_FIELD.match(text, position)
        if part is None:
            return
        head.append(part[1].replace("\\|", "|").replace("\\\\", "\\"))
        position = part.end()
    found.shape, found.detection_id, found.title = "cef", head[3], head[4]
    found.score = from_unknown_scale(head[5])
    found.fields = _cef_extension(text[position:])
    found.time = (
        first_time(
            *(found.fields.get(name) for name in ("rt", "end", "start", "deviceCustomDate1")), reference=reference
        )
        or found.time
    )


def _cef_extension(text: str) -> dict[str, Any]:
    keys = list(_CEF_KEY.finditer(text))[:MAX_PAIRS]
    fields: dict[str, Any] = {}
    for index, key in enumerate(keys):
        end = keys[index + 1].start() if index + 1 < len(keys) else len(text)
        value = text[key.end() : end].strip()
        fields[key[1]] = value.replace("\\=", "=").replace("\\n", "\n").replace("\\\\", "\\")
    return fields


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
        pairs[match[1]] = value[1:-1].replace('\\"', '"') if value.startswith('"') else value
        if len(pairs) >= MAX_PAIRS:
            break
    if len(pairs) < 3:
        return
    found.shape, found.fields = "key_value", pairs
    lower = {key.lower(): value for key, value in pairs.items()}
    found.title = str(next((lower[name] for name in _TITLES if lower.get(name)), ""))
    found.detection_id = str(next((lower[name] for name in _IDS if lower.get(name)), ""))
    found.score = next(
        (s for s in (from_unknown_scale(lower.get(name)) for name in _SEVERITIES) if s is not None), None
    )
    stamp = f"{lower['date']} {lower['time']}" if "date" in lower and "time" in lower else None
    moments = (lower.get(name) for name in ("timestamp", "eventtime", "rt", "time", "date", "start"))
    found.time = first_time(stamp, *moments, reference=reference) or found.time


_TITLES = ("attack", "rulename", "rule_name", "signature", "msg", "message", "logdesc", "name", "event", "action")
_IDS = ("attackid", "ruleid", "rule_id", "sid", "signature_id", "logid", "eventid", "event_id")
_SEVERITIES = ("severity", "sev", "crlevel", "risk", "level")
