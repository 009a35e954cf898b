"""What the pages show of a reading: words and geometry, so that templates hold no arithmetic."""

import datetime as dt
from dataclasses import dataclass

from metrics import words
from metrics.charts import Chart, chart_of, day_value
from metrics.definitions import SPLITS, VERDICTS, Headline, Unit
from metrics.readings import Figures, Reading
from metrics.selectors import Row
from metrics.wilson import wilson

_VERDICT_WORDS = {"true_positive": "true positive", "suspicious": "suspicious", "false_positive": "false positive"}


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what stands beside it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SplitLine:
    """One line of the split table."""

    name: str
    n: int
    open: int
    value: str
    p90: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """One line of the table behind the chart."""

    day: dt.date
    n: int
    value: str
    p90: str


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """One line of the confusion matrix: what the engine said, and how often people said what."""

    name: str
    cells: tuple[int, ...]


class Tile:
    """One metric on the page."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.definition = reading.definition
        self._unit = reading.definition.unit

    @property
    def headline(self) -> str:
        """The large figure: the median of durations, the share or precision otherwise."""
        figures = self.reading.figures
        return words.amount(figures.p50 if self.is_duration else figures.mean, self._unit)

    @property
    def headline_word(self) -> str:
        """What the large figure is."""
        if self.is_duration:
            return "median"
        if self.definition.headline is Headline.PRECISION:
            return "precision"
        return f"{self.definition.focus} severity" if self.definition.focus else "share"

    @property
    def is_duration(self) -> bool:
        """Whether the metric counts time."""
        return self._unit is Unit.SECONDS

    @property
    def n_words(self) -> str:
        """The number of rows behind the figure, in words."""
        n = self.reading.figures.n
        return f"{n} {self.definition.row_words[0 if n == 1 else 1]}"

    @property
    def facts(self) -> list[Fact]:
        """Percentiles and mean of durations; interval of shares."""
        figures = self.reading.figures
        if self.is_duration:
            return [
                Fact(name, words.amount(value, self._unit))
                for name, value in (("p90", figures.p90), ("p99", figures.p99), ("mean", figures.mean))
            ]
        facts = [Fact("95 % interval", _interval(self.reading.interval))]
        if self.reading.confusion:
            hits, n = self.reading.confusion.recall_of("true_positive")
            facts += [
                Fact("recall", f"{words.percent(hits / n)} of {n}" if n else words.NOTHING),
                Fact("its interval", _interval(wilson(hits, n))),
            ]
        return facts

    @property
    def target(self) -> str:
        """The aim in words, judged on the mean or the share."""
        return words.target(self.definition)

    @property
    def verdict(self) -> str:
        """Whether the aim is reached: a word, never a colour alone."""
        met = self.reading.is_met
        return "" if met is None else "reached" if met else "not reached"

    @property
    def meter(self) -> tuple[str, str, str] | None:
        """(value, max, target) of the meter beside the target; None without a value or an aim."""
        aim, value = self.definition.target, self.reading.value
        if aim is None or value is None or aim.value <= 0:
            return None
        top = 1.0 if not self.is_duration else max(aim.value * 2, value)
        return f"{value:.4f}", f"{top:.4f}", f"{aim.value:.4f}"

    @property
    def delta(self) -> str:
        """The difference to the equal period before, of the mean or the share."""
        if self.reading.delta is None:
            return ""
        return words.change(self.reading.delta, self._unit)

    @property
    def before(self) -> str:
        """The mean or share of the period before, with its n."""
        previous = self.reading.previous
        return f"{words.amount(previous.mean, self._unit)} (n {previous.n})"

    @property
    def chart(self) -> Chart | None:
        """The bars of the days."""
        return chart_of(self.reading)

    @property
    def splits(self) -> list[SplitLine]:
        """The groups or kinds, with what each is worth."""
        return [
            SplitLine(
                name=SPLITS.get(item.name, item.name),
                n=item.figures.n,
                open=item.figures.open,
                value=words.amount(_shown(item.figures, self._unit, self.reading.value_of(item)), self._unit),
                p90=words.amount(item.figures.p90, self._unit) if self.is_duration else "",
            )
            for item in self.reading.splits
        ]

    @property
    def days(self) -> list[DayLine]:
        """The table behind the chart."""
        return [
            DayLine(
                day=item.day,
                n=item.figures.n,
                value=words.amount(day_value(item, self._unit), self._unit),
                p90=words.amount(item.figures.p90, self._unit) if self.is_duration else "",
            )
            for item in self.reading.days
        ]

    @property
    def verdict_words(self) -> list[str]:
        """The heads of the confusion matrix."""
        return list(_VERDICT_WORDS.values())

    @property
    def matrix(self) -> list[MatrixLine]:
        """The confusion matrix; empty for other metrics, and where nobody judged anything."""
        confusion = self.reading.confusion
        if confusion is None or not self.reading.all_figures.n:
            return []
        return [
            MatrixLine(_VERDICT_WORDS[engine], tuple(confusion.cells[engine][person] for person in VERDICTS))
            for engine in VERDICTS
        ]


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row behind a figure; `title` is hostile text."""

    at: dt.datetime
    amount: str
    split: str
    title: str
    detail: str
    url: str
    object_type: str


def row_line(row: Row, reading: Reading) -> RowLine:
    """Return a row as the list shows it."""
    unit = reading.definition.unit
    is_share = unit is Unit.SHARE
    shown = ("yes" if row.amount else "no") if is_share and row.amount is not None else words.amount(row.amount, unit)
    return RowLine(
        at=row.at,
        amount=shown,
        split=SPLITS.get(row.split, row.split.replace("_", " ").replace(">", " → ")),
        title=row.title,
        detail=row.detail,
        url=url_of(row),
        object_type=row.object_type,
    )


def url_of(row: Row) -> str:
    """Return the page of the row's object."""
    return f"/{'alerts' if row.object_type == 'alert' else 'actions'}/{row.object_id}/"


def _shown(figures: Figures, unit: Unit, value: float | None) -> float | None:
    return figures.p50 if unit is Unit.SECONDS else value


def _interval(pair: tuple[float, float] | None) -> str:
    return f"{words.percent(pair[0])} to {words.percent(pair[1])}" if pair else words.NOTHING
