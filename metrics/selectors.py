"""Reads of the metrics: who looks first, then the period; every number is an aggregate that the database made."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.models import Team, User
from accounts.people import roles_of, team_ids_of
from metrics.definitions import DEFINITIONS, SPLIT_ORDER, Definition, Headline
from metrics.facts import CONTAINMENT, aggregate_sql, rows_sql
from metrics.periods import Period
from metrics.readings import Day, Figures, Reading, Split
from metrics.verdicts import Confusion, confusion_of

#: The columns that tell a row of the grouping sets apart (GROUPING(split, day)).
_TOTAL, _BY_SPLIT, _BY_DAY = 3, 1, 2


class NoSuchTeam(Exception):
    """The team does not exist for the viewer."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are counted: `chosen` is the one team that was asked for, None for all of the viewer's."""

    teams: tuple[Team, ...]
    chosen: Team | None = None

    @property
    def ids(self) -> list[uuid.UUID]:
        """The ids that the rows must have."""
        return [self.chosen.id] if self.chosen else [team.id for team in self.teams]


@dataclass(frozen=True, slots=True)
class Row:
    """One row behind a figure; `title` is hostile text."""

    at: dt.datetime
    amount: float | None
    split: str
    object_type: str
    object_id: uuid.UUID
    title: str
    detail: str


@dataclass(slots=True)
class _Collected:
    """The grouping sets of one metric, sorted apart."""

    totals: dict[bool, Figures] = field(default_factory=dict)
    splits: dict[bool, dict[str, Figures]] = field(default_factory=lambda: {True: {}, False: {}})
    days: dict[dt.date, Figures] = field(default_factory=dict)


def may_see(user: User) -> bool:
    """Whoever holds a role sees the figures of their own teams; who holds none sees nothing."""
    return bool(roles_of(user))


def scope_of(user: User, team: str = "") -> Scope:
    """Return the person's teams, or the one named by slug or id. Raises NoSuchTeam, also for another's team."""
    return scope_of_teams(team_ids_of(user), team)


def scope_of_teams(team_ids: list[uuid.UUID], team: str = "") -> Scope:
    """Return these teams (an API principal's), or the one of them that is named. Raises NoSuchTeam."""
    teams = tuple(Team.objects.filter(id__in=team_ids).order_by("name"))
    if not team:
        return Scope(teams)
    chosen = next((item for item in teams if team in (item.slug, str(item.id))), None)
    if chosen is None:
        raise NoSuchTeam
    return Scope(teams, chosen)


def read_all(scope: Scope, period: Period, now: dt.datetime) -> list[Reading]:
    """Return every metric: one query for each that this version computes."""
    readings = [read(scope, period, now, definition) for definition in DEFINITIONS]
    attacks = next((item.confusion.of_person("true_positive") for item in readings if item.confusion), 0)
    return [
        item.with_coverage(f"0 of {attacks} alerts that people confirmed as attacks have a confirmed start")
        if item.definition.key == "mttd"
        else item
        for item in readings
    ]


def read(scope: Scope, period: Period, now: dt.datetime, definition: Definition) -> Reading:
    """Return one metric with the equal period before it, its splits and its days."""
    if not definition.is_computed:
        return Reading(definition=definition, as_of=now, coverage=f"0 {definition.coverage}")
    found = _collect(scope, period, now, definition.key)
    confusion = confusion_of({name: item.n for name, item in found.splits[True].items()})
    earlier = confusion_of({name: item.n for name, item in found.splits[False].items()})
    is_precision = definition.headline is Headline.PRECISION
    current = found.totals.get(True, Figures())
    return Reading(
        definition=definition,
        as_of=now,
        figures=_headline(definition, current, found.splits[True], confusion),
        all_figures=current,
        previous=_headline(definition, found.totals.get(False, Figures()), found.splits[False], earlier),
        splits=() if is_precision else _splits(found.splits[True]),
        days=() if is_precision else tuple(Day(day, found.days.get(day, Figures())) for day in period.days),
        confusion=confusion if is_precision else None,
        coverage=_coverage(definition, current, now),
    )


def rows(
    scope: Scope, period: Period, now: dt.datetime, definition: Definition, *, offset: int, limit: int
) -> list[Row]:
    """Return up to `limit` rows behind a metric, newest first."""
    if not definition.is_computed:
        return []
    sql = rows_sql(definition.key) + " LIMIT %(limit)s OFFSET %(offset)s"
    values = {**_parameters(scope, period, now, period.start), "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Row(*found) for found in cursor.fetchall()]


def every_row(scope: Scope, period: Period, now: dt.datetime, definition: Definition) -> Iterator[Row]:
    """Yield all rows behind a metric, newest first, through a server-side cursor: memory stays flat."""
    if not definition.is_computed:
        return
    with connection.chunked_cursor() as cursor:
        cursor.execute(rows_sql(definition.key), _parameters(scope, period, now, period.start))
        while found := cursor.fetchmany(500):
            for values in found:
                yield Row(*values)


def _collect(scope: Scope, period: Period, now: dt.datetime, key: str) -> _Collected:
    collected = _Collected()
    with connection.cursor() as cursor:
        cursor.execute(aggregate_sql(key), _parameters(scope, period, now, period.before))
        for is_current, split, day, level, *numbers in cursor.fetchall():
            figures = _figures(numbers)
            if level == _TOTAL:
                collected.totals[is_current] = figures
            elif level == _BY_SPLIT:
                collected.splits[is_current][split] = figures
            elif level == _BY_DAY and is_current:
                collected.days[day] = figures
    return collected


def _parameters(scope: Scope, period: Period, now: dt.datetime, since: dt.datetime) -> dict[str, Any]:
    return {
        "teams": scope.ids,
        "since": since,
        "start": period.start,
        "until": period.end,
        "now": now,
        "containment": list(CONTAINMENT),
    }


def _figures(numbers: list[Any]) -> Figures:
    n, total, mean, percentiles, waiting, oldest = numbers
    p50, p90, p99 = percentiles or (None, None, None)
    return Figures(n, total or 0.0, mean, p50, p90, p99, waiting, oldest)


def _headline(definition: Definition, total: Figures, splits: dict[str, Figures], confusion: Confusion) -> Figures:
    """The figures that `value` speaks of: all rows, the split in focus, or the rows called true positive."""
    if definition.headline is Headline.PRECISION:
        hits, n = confusion.precision_of("true_positive")
        return Figures(n=n, total=float(hits), mean=hits / n if n else None)
    return splits.get(definition.focus, Figures()) if definition.focus else total


def _splits(found: dict[str, Figures]) -> tuple[Split, ...]:
    return tuple(Split(name, found[name]) for name in sorted(found, key=lambda name: SPLIT_ORDER.get(name, 99)))


def _coverage(definition: Definition, total: Figures, now: dt.datetime) -> str:
    """Say which rows stand behind the figure, and which have no end yet."""
    counted = f"{total.n} of {total.n + total.open}" if total.open else str(total.n)
    words = f"{counted} {definition.coverage}"
    if total.open and total.oldest_open_at is not None:
        hours, minutes = divmod(int((now - total.oldest_open_at).total_seconds()) // 60, 60)
        words += f"; {total.open} {definition.open_words or 'without an end'}, the oldest since {hours} h {minutes} min"
    return words
