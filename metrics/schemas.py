"""What GET metrics answers. Times are ISO 8601 in UTC, amounts seconds or shares between 0 and 1."""

import datetime as dt
from typing import Any

from metrics import words
from metrics.definitions import SPLITS, VERDICTS
from metrics.readings import Figures, Reading, Split
from metrics.verdicts import Confusion
from metrics.wilson import wilson


def moment(value: dt.datetime | None) -> str | None:
    """Return ISO 8601 UTC with Z."""
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if value else None


def reading_out(reading: Reading) -> dict[str, Any]:
    """Return one metric."""
    definition = reading.definition
    figures = reading.figures
    return {
        "key": definition.key,
        "name": definition.name,
        "group": definition.group.value,
        "value": reading.value,
        "value_is": definition.headline.value,
        "unit": definition.unit.value,
        "n": figures.n,
        "is_enough": reading.is_enough,
        "p50": figures.p50 if _has_percentiles(reading) else None,
        "p90": figures.p90 if _has_percentiles(reading) else None,
        "p99": figures.p99 if _has_percentiles(reading) else None,
        "mean": figures.mean,
        "interval": _pair(reading.interval),
        "target": _target(reading),
        "target_met": reading.is_met,
        "previous": {"value": reading.previous.mean, "n": reading.previous.n},
        "delta": reading.delta,
        "open": reading.all_figures.open,
        "oldest_open_at": moment(reading.all_figures.oldest_open_at),
        "coverage": reading.coverage,
        "reason": reading.reason or None,
        "definition": definition.formula,
        "traps": list(definition.traps),
        "splits": [_split(item, reading) for item in reading.splits],
        "days": [{"day": item.day.isoformat(), **_short(item.figures, reading)} for item in reading.days],
        "confusion": _confusion(reading.confusion) if reading.confusion else None,
        "rows": f"/metrics/{definition.key}/",
        "as_of": moment(reading.as_of),
    }


def _has_percentiles(reading: Reading) -> bool:
    return reading.definition.unit.value == "seconds"


def _split(split: Split, reading: Reading) -> dict[str, Any]:
    name = SPLITS.get(split.name, split.name)
    return {"key": split.name, "name": name, **_short(split.figures, reading), "value": reading.value_of(split)}


def _short(figures: Figures, reading: Reading) -> dict[str, Any]:
    short = {"n": figures.n, "value": figures.mean, "open": figures.open}
    if _has_percentiles(reading):
        return {**short, "p50": figures.p50, "p90": figures.p90, "p99": figures.p99}
    return short


def _target(reading: Reading) -> dict[str, Any] | None:
    aim = reading.definition.target
    return {"direction": aim.direction, "value": aim.value, "text": words.target(reading.definition)} if aim else None


def _pair(interval: tuple[float, float] | None) -> dict[str, float] | None:
    return {"low": interval[0], "high": interval[1]} if interval else None


def _confusion(confusion: Confusion) -> dict[str, Any]:
    """Rows are the engine's verdicts, columns the people's; with precision and recall of each."""
    return {
        "cells": confusion.cells,
        "classes": {
            verdict: {
                "precision": _ratio(*confusion.precision_of(verdict)),
                "recall": _ratio(*confusion.recall_of(verdict)),
            }
            for verdict in VERDICTS
        },
    }


def _ratio(hits: int, n: int) -> dict[str, Any]:
    return {"value": hits / n if n else None, "n": n, "interval": _pair(wilson(hits, n))}
