"""One evaluation: teach the training files, triage the test files in order, compare with the bare prior."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.evaluate.baseline import Baseline
from agents.evaluate.metrics import Scored, figures
from agents.evaluate.rows import Labelled, read
from agents.triage.engine import assess, note, triage
from agents.triage.record import Record
from agents.triage.verdict import ENGINE, Verdict


@dataclass(slots=True)
class _Judged:
    """Scores so far, and the hits where severity or technique are labelled."""

    engine: list[Scored] = field(default_factory=list)
    baseline: list[Scored] = field(default_factory=list)
    severities: list[bool] = field(default_factory=list)
    techniques: list[bool] = field(default_factory=list)
    parents: list[bool] = field(default_factory=list)
    seconds: float = 0.0


def evaluate(train: Iterable[Path], test: Iterable[Path], *, prequential: bool) -> dict[str, Any]:
    """Return the contract's figures. Each training row is triaged, then its verdict is learnt as an analyst's."""
    record, baseline = Record(), Baseline()
    trained = 0
    for path in train:
        for row in read(path):
            _learn(row, record, baseline)
            trained += 1
    judged = _Judged()
    for path in test:
        _judge(path, record, baseline, judged, prequential=prequential)
    return {
        "engine": ENGINE,
        "trained_on": trained,
        "prequential": prequential,
        **figures(judged.engine),
        "severity_accuracy": _rate(judged.severities),
        "technique_accuracy": _rate(judged.techniques),
        "technique_parent_accuracy": _rate(judged.parents),
        "alerts_per_second": round(len(judged.engine) / judged.seconds, 1) if judged.seconds else None,
        "baseline": figures(judged.baseline),
    }


def _learn(row: Labelled, record: Record, baseline: Baseline) -> None:
    assessed = assess(row.seen, record)
    note(row.seen, record, assessed)
    record.learn(row.seen, row.is_true, score=assessed.score)
    baseline.learn(row.seen, row.is_true)


def _judge(path: Path, record: Record, baseline: Baseline, judged: _Judged, *, prequential: bool) -> None:
    """The clock runs over reading, normalising and triage with its words; not over the learning."""
    start = time.perf_counter()
    for row in read(path):
        assessed = assess(row.seen, record) if prequential else None
        verdict = triage(row.seen, record)
        judged.seconds += time.perf_counter() - start
        _count(row, verdict, judged)
        judged.baseline.append(baseline.score(row.seen, row.is_true))
        if assessed is not None:
            record.learn(row.seen, row.is_true, score=assessed.score)
            baseline.learn(row.seen, row.is_true)
        start = time.perf_counter()


def _count(row: Labelled, verdict: Verdict, judged: _Judged) -> None:
    judged.engine.append(Scored(verdict.probability, bool(verdict.vetoes), verdict.verdict, row.is_true))
    if row.severity:
        judged.severities.append(verdict.severity == row.severity)
    if row.techniques:
        expected = set(row.techniques)
        judged.techniques.append(bool(expected & set(verdict.techniques)))
        parents = {name[:5] for name in expected}
        judged.parents.append(bool(parents & {name[:5] for name in verdict.techniques}))


def _rate(hits: list[bool]) -> dict[str, Any] | None:
    return {"n": len(hits), "accuracy": round(sum(hits) / len(hits), 4)} if hits else None
