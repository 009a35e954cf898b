"""What a metric reads like for one period: frozen rows between the selectors, the API and the pages."""

import datetime as dt
from dataclasses import dataclass, field, replace

from metrics.definitions import Definition, Unit
from metrics.verdicts import Confusion
from metrics.wilson import wilson

#: Fewer rows than this are "not enough data".
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Aggregates of rows: seconds, or a share (then `total` counts the hits). `open` rows have no end yet."""

    n: int = 0
    total: float = 0.0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    open: int = 0
    oldest_open_at: dt.datetime | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; for shares only."""
        return wilson(self.total, self.n)


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one kind; `name` is a key of definitions.SPLITS."""

    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one UTC day."""

    day: dt.date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric in one period. `figures` is what the value speaks of, `all_figures` every row."""

    definition: Definition
    as_of: dt.datetime
    coverage: str
    figures: Figures = field(default_factory=Figures)
    all_figures: Figures = field(default_factory=Figures)
    previous: Figures = field(default_factory=Figures)
    splits: tuple[Split, ...] = ()
    days: tuple[Day, ...] = ()
    confusion: Confusion | None = None

    @property
    def value(self) -> float | None:
        """The figure that the target speaks of: a mean in seconds, or a share. None: nothing to count."""
        return self.figures.mean

    @property
    def is_enough(self) -> bool:
        """Whether there are enough rows for a figure to be read."""
        return self.figures.n >= ENOUGH

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of a share."""
        return self.figures.interval if self.definition.unit is Unit.SHARE else None

    @property
    def delta(self) -> float | None:
        """Value minus that of the equal period before; None where one of them has no rows."""
        if self.value is None or self.previous.mean is None:
            return None
        return self.value - self.previous.mean

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None without a value, a target or enough rows."""
        target = self.definition.target
        return target.is_met(self.value) if target and self.value is not None and self.is_enough else None

    @property
    def reason(self) -> str:
        """Why there is no value; empty where there is one."""
        if self.definition.missing:
            return self.definition.missing
        if self.value is not None:
            return ""
        if self.all_figures.open:
            return f"{self.all_figures.open} {self.definition.open_words}, none with an end yet."
        return f"No {self.definition.row_words[1]} in this period."

    def value_of(self, split: Split) -> float | None:
        """Return the value of a group, or, where splits are kinds, the share of all rows that are of this kind."""
        if not self.definition.splits_are_kinds:
            return split.figures.mean
        return split.figures.n / self.all_figures.n if self.all_figures.n else None

    def with_coverage(self, words: str) -> "Reading":
        """Return the same reading with other words for what stands behind it."""
        return replace(self, coverage=words)
