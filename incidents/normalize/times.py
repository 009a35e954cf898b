"""Moments as sources write them: ISO with every kind of zone and fraction, epochs of four units, log dates."""

import datetime as dt
import re
from typing import Any

from incidents.normalize.texts import word_list

UTC = dt.UTC
_EARLIEST = dt.datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = dt.datetime(2100, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*"
    r"(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
_SYSLOG = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{4}))? (\d\d:\d\d:\d\d)(?:\.\d+)?")
_FORMATS = (
    "%d/%b/%Y:%H:%M:%S %z",
    "%m/%d/%Y-%H:%M:%S.%f",
    "%a, %d %b %Y %H:%M:%S %z",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d %Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%dT%H%M%SZ",
)
_CLOCK = re.compile(r"\d:\d\d|\d{8}T\d{6}")
_MONTHS = {name: number for number, name in enumerate(word_list("jan feb mar apr may jun jul aug sep oct nov dec"), 1)}
#: Hours east of UTC. Names that stand for several places (IST, CST) are read as UTC, like no name at all.
_ZONES = {
    "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "WEST": 1, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8,
    "PDT": -7, "JST": 9,
}  # fmt: skip
_ANYWHERE = re.compile(
    r"(?<![\d.])(?:(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)"
    r"|(?P<day2>\d{1,2})[-/ ](?P<month2>[A-Z][a-z]{2})[-/ ](?P<year2>\d{4})"
    r"|(?P<month3>\d\d)/(?P<day3>\d\d)/(?P<year3>\d{4})"
    r"|(?P<year4>\d{4}) (?P<month4>[A-Z][a-z]{2}) {1,2}(?P<day4>\d{1,2})"
    r"|(?P<month5>[A-Z][a-z]{2}) {1,2}(?P<day5>\d{1,2})(?: (?P<year5>\d{4}))?,?)"
    r"[T :-]{1,2}(?P<clock>\d{1,2}[:.]\d\d[:.]\d\d)(?:[.,](?P<fraction>\d{1,9}))?(?: ?(?P<half>AM|PM)\b)?"
    r"(?: (?P<year6>(?:19|20)\d\d)\b)?(?: ?(?:GMT|UTC)?(?P<offset>[+-]\d\d:?\d\d)| ?(?P<zone>[A-Z]{1,4})\b)?"
    r"(?: (?P<year7>(?:19|20)\d\d)\b)?"
)
_EPOCH_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))


def parse_time(value: Any, *, reference: dt.datetime | None = None) -> dt.datetime | None:
    """Return the moment in UTC, or None when `value` is none between 1990 and 2100.

    A text without a zone is read as UTC. `reference` (when it arrived) gives the year that syslog leaves out.
    """
    try:
        moment = _read(value, reference)
    except (ValueError, OverflowError, OSError):
        return None
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        return None
    return moment


def first_time(*values: Any, reference: dt.datetime | None = None) -> dt.datetime | None:
    """Return the first value that is a moment."""
    for value in values:
        moment = parse_time(value, reference=reference)
        if moment is not None:
            return moment
    return None


def _read(value: Any, reference: dt.datetime | None) -> dt.datetime | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _epoch(float(value)) if isinstance(value, float) else _epoch(value)
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _epoch(float(text) if "." in text else int(text))
    if not _CLOCK.search(text):
        return None
    return _iso(text) or _syslog(text, reference) or _other(text) or _whole(text, reference)


def _epoch(number: float) -> dt.datetime | None:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by size. Whole numbers below 1990 are no time."""
    for least, unit in _EPOCH_UNITS:
        if number >= least:
            return dt.datetime.fromtimestamp(number / unit, tz=UTC)
    return dt.datetime.fromtimestamp(number, tz=UTC) if number >= 6e8 else None


def _iso(text: str) -> dt.datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    if len(clock) == 5:
        clock += ":00"
    microseconds = (fraction or "")[:6].ljust(6, "0")
    offset = "+00:00" if not zone or zone.upper() in {"Z", "UTC", "GMT"} else zone
    return dt.datetime.fromisoformat(f"{day}T{clock}.{microseconds}{offset}").astimezone(UTC)


def _syslog(text: str, reference: dt.datetime | None) -> dt.datetime | None:
    found = _SYSLOG.fullmatch(text)
    if found is None:
        return None
    month, day, year, clock = found.groups()
    now = reference or dt.datetime.now(UTC)
    moment = dt.datetime.strptime(f"{month} {day} {year or now.year} {clock} +0000", "%b %d %Y %H:%M:%S %z")
    if year is None and moment > now + dt.timedelta(days=2):
        return moment.replace(year=moment.year - 1)
    return moment


def find_time(text: str, *, reference: dt.datetime | None = None) -> dt.datetime | None:
    """Return the first moment written anywhere in the first 2,000 characters of a text."""
    for found in _ANYWHERE.finditer(text[:2000]):
        try:
            moment = _from_parts(found, reference)
        except (ValueError, OverflowError):
            continue
        if moment is not None and _EARLIEST <= moment <= _LATEST:
            return moment
    return None


def _whole(text: str, reference: dt.datetime | None) -> dt.datetime | None:
    found = _ANYWHERE.fullmatch(text.strip("[]"))
    return _from_parts(found, reference) if found else None


def _from_parts(found: re.Match[str], reference: dt.datetime | None) -> dt.datetime | None:
    parts = found.groupdict()

    def one(name: str) -> str | None:
        return next((value for key, value in parts.items() if key.startswith(name) and value), None)

    month, day, year = one("month") or "", one("day") or "", one("year")
    number = _MONTHS.get(month.lower()) or (int(month) if month.isdigit() else 0)
    if not number:
        return None
    now = reference or dt.datetime.now(UTC)
    hour, minute, second = (int(part) for part in re.split("[:.]", parts["clock"]))
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"] == "PM" else 0)
    micro = int((parts["fraction"] or "")[:6].ljust(6, "0"))
    moment = dt.datetime(int(year or now.year), number, int(day), hour, minute, second, micro, tzinfo=UTC)
    moment -= _offset(parts["offset"], parts["zone"])
    if year is None and moment > now + dt.timedelta(days=2):
        return moment.replace(year=moment.year - 1)
    return moment


def _offset(offset: str | None, zone: str | None) -> dt.timedelta:
    if offset:
        size = dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        return -size if offset[0] == "-" else size
    return dt.timedelta(hours=_ZONES.get(zone or "", 0))


def _other(text: str) -> dt.datetime | None:
    for shape in _FORMATS:
        try:
            moment = dt.datetime.strptime(text, shape)  # noqa: DTZ007 - the zone is set below where it is missing
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
