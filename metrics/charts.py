"""One small chart: a bar a day, drawn by attributes alone (the CSP allows no inline style)."""

import datetime as dt
from dataclasses import dataclass

from metrics import words
from metrics.definitions import Unit
from metrics.readings import ENOUGH, Day, Reading

WIDTH = 320.0
HEIGHT = 64.0
#: A target further off than this many times the largest bar would flatten all bars: it is left out of the picture.
_TARGET_REACH = 4.0
_GAP = 0.18


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's bar; `is_thin` where too few rows stand behind it."""

    x: str
    y: str
    width: str
    height: str
    label: str
    is_thin: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws. `target_y` is empty where the target lies outside the picture."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    target_y: str
    caption: str


def day_value(day: Day, unit: Unit) -> float | None:
    """Return what a day's bar shows: the median of durations, the share otherwise."""
    return day.figures.p50 if unit is Unit.SECONDS else day.figures.mean


def chart_of(reading: Reading) -> Chart | None:
    """Return the chart of a reading; None where no day has a value."""
    unit = reading.definition.unit
    values = [(day, day_value(day, unit)) for day in reading.days]
    known = [value for _, value in values if value is not None]
    if not known:
        return None
    aim = reading.definition.target.value if reading.definition.target else 0.0
    top = max(known)
    if 0 < aim <= _TARGET_REACH * top or not top:
        top = max(top, aim)
    top = (min(top * 1.1, 1.0) if unit is Unit.SHARE else top * 1.1) or 1.0
    bars = (
        _bar(index, len(values), day, value, top, unit)
        for index, (day, value) in enumerate(values)
        if value is not None
    )
    return Chart(
        width=round(WIDTH),
        height=round(HEIGHT),
        bars=tuple(bars),
        target_y=_number(HEIGHT * (1 - aim / top)) if 0 < aim <= top else "",
        caption="median a day" if unit is Unit.SECONDS else "share a day",
    )


def _bar(index: int, count: int, day: Day, value: float, top: float, unit: Unit) -> Bar:
    step = WIDTH / count
    # A day of zeros is a day with data: it keeps a line of its own.
    height = max(1.0, HEIGHT * value / top)
    return Bar(
        x=_number(index * step + step * _GAP / 2),
        y=_number(HEIGHT - height),
        width=_number(max(step * (1 - _GAP), 0.4)),
        height=_number(height),
        label=f"{_day(day.day)}: {words.amount(value, unit)}, n {day.figures.n}",
        is_thin=day.figures.n < ENOUGH,
    )


def _day(day: dt.date) -> str:
    return day.strftime("%d %b")


def _number(value: float) -> str:
    """Coordinates with a point whatever the locale."""
    return f"{value:.2f}"
