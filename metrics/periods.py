"""Periods: from inclusive, to exclusive, UTC; a day alone means the whole day."""

import datetime as dt
from dataclasses import dataclass

from django.utils.dateparse import parse_date, parse_datetime

#: Longer ranges are refused: a page must not scan years.
MAX_DAYS = 400
#: Ranges of the page by name, in days up to and including today.
RANGES: dict[str, tuple[str, int]] = {"today": ("Today", 1), "7d": ("7 days", 7), "30d": ("30 days", 30)}
DEFAULT = "7d"
CUSTOM = "custom"
_DAY = dt.timedelta(days=1)


class BadPeriod(ValueError):
    """A period that cannot be taken; `field` is from, to or range."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
        self.words = words


@dataclass(frozen=True, slots=True)
class Period:
    """start <= t < end; `before` is where the equal period before it starts."""

    start: dt.datetime
    end: dt.datetime

    @property
    def before(self) -> dt.datetime:
        """Start of the equal period before this one."""
        return self.start - (self.end - self.start)

    @property
    def days(self) -> list[dt.date]:
        """The UTC days that the period touches."""
        last = (self.end - dt.timedelta(microseconds=1)).date()
        return [self.start.date() + dt.timedelta(days=n) for n in range((last - self.start.date()).days + 1)]


def named(name: str, now: dt.datetime) -> Period:
    """Return the period of a name in RANGES, up to now. Raises BadPeriod."""
    if name not in RANGES:
        raise BadPeriod("range", f"choose one of {', '.join([*RANGES, CUSTOM])}")
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(midnight - dt.timedelta(days=RANGES[name][1] - 1), now)


def between(since: str, until: str, now: dt.datetime) -> Period:
    """Return the period of two texts, each a day or a moment (ISO 8601); empty: 7 days before `until`, and now.

    Raises BadPeriod.
    """
    end = _moment("to", until, is_end=True) if until else now
    start = _moment("from", since, is_end=False) if since else _week_before(end)
    if start >= end:
        raise BadPeriod("from", "must lie before to")
    if end - start > MAX_DAYS * _DAY:
        raise BadPeriod("from", f"at most {MAX_DAYS} days before to")
    return Period(start, end)


def _week_before(end: dt.datetime) -> dt.datetime:
    try:
        return end - 7 * _DAY
    except OverflowError:
        raise BadPeriod("to", "is too long ago") from None


def _moment(field: str, text: str, *, is_end: bool) -> dt.datetime:
    try:
        day = parse_date(text)
        if day is not None:
            return _within(field, dt.datetime.combine(day, dt.time(), dt.UTC) + (_DAY if is_end else dt.timedelta()))
        # A "+" of a zone that was not percent-encoded arrives as a space.
        moment = parse_datetime(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise BadPeriod(field, "is no day (2026-11-24) and no moment (2026-11-24T08:00:00Z)")
    return _within(field, moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def _within(field: str, moment: dt.datetime) -> dt.datetime:
    """The years that both Python and PostgreSQL can count back from."""
    if not 1970 <= moment.year <= 9000:
        raise BadPeriod(field, "must lie between the years 1970 and 9000")
    return moment.astimezone(dt.UTC)
