"""The figures of an evaluation, from (probability, veto, label) alone. Definitions: contract.md, docs/triage.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.triage.engine import CLOSE, CONFIRM

BINS = 10
CLASSES = ("true_positive", "false_positive", "suspicious")


@dataclass(frozen=True, slots=True)
class Scored:
    """One judged row: P(true positive), whether a veto stands, what was shown, and the truth."""

    probability: float
    is_vetoed: bool
    shown: str
    is_true: bool


def figures(rows: Sequence[Scored]) -> dict[str, Any]:
    """Return every figure of the contract that follows from the scores; None where a class is missing."""
    return {
        "n": len(rows),
        "positives": sum(row.is_true for row in rows),
        "confusion": confusion(rows),
        **two_class(rows),
        "auc": _rounded(auc(rows)),
        "average_precision": _rounded(average_precision(rows)),
        "brier": _rounded(brier(rows)),
        **calibration(rows),
        "abstention_rate": _rounded(_share(sum(row.shown == "suspicious" for row in rows), len(rows))),
        **automatic(rows),
    }


def confusion(rows: Sequence[Scored]) -> dict[str, dict[str, int]]:
    """Return truth → shown class → count."""
    table = {truth: dict.fromkeys(CLASSES, 0) for truth in CLASSES[:2]}
    for row in rows:
        table["true_positive" if row.is_true else "false_positive"][row.shown] += 1
    return table


def two_class(rows: Sequence[Scored]) -> dict[str, Any]:
    """Return precision, recall and F1 of both classes at p >= .5, and the false positive rate."""
    tp = sum(row.is_true and row.probability >= 0.5 for row in rows)
    fp = sum(not row.is_true and row.probability >= 0.5 for row in rows)
    fn = sum(row.is_true for row in rows) - tp
    tn = len(rows) - tp - fp - fn
    scores = {"true_positive": _class_scores(tp, fp, fn), "false_positive": _class_scores(tn, fn, fp)}
    return {
        "precision": {name: score["precision"] for name, score in scores.items()},
        "recall": {name: score["recall"] for name, score in scores.items()},
        "f1": {name: score["f1"] for name, score in scores.items()},
        "macro_f1": _rounded(sum(score["f1"] or 0.0 for score in scores.values()) / 2),
        "false_positive_rate": _rounded(_share(fp, fp + tn)),
        "accuracy": _rounded(_share(tp + tn, len(rows))),
    }


def auc(rows: Sequence[Scored]) -> float | None:
    """Return the area under the ROC curve by ranks (ties share their mean rank); None with one class only."""
    positives = sum(row.is_true for row in rows)
    negatives = len(rows) - positives
    if not positives or not negatives:
        return None
    ordered = sorted(rows, key=lambda row: row.probability)
    rank_sum, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end].probability == ordered[start].probability:
            end += 1
        rank_sum += sum(row.is_true for row in ordered[start:end]) * (start + 1 + end) / 2
        start = end
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(rows: Sequence[Scored]) -> float | None:
    """Return Σ (recall step × precision) over the distinct thresholds; None without a true positive."""
    positives = sum(row.is_true for row in rows)
    if not positives:
        return None
    ordered = sorted(rows, key=lambda row: -row.probability)
    total = found = start = 0.0
    index = 0
    while index < len(ordered):
        end = index
        while end < len(ordered) and ordered[end].probability == ordered[index].probability:
            found += ordered[end].is_true
            end += 1
        total += (found - start) / positives * (found / end)
        start, index = found, end
    return total


def brier(rows: Sequence[Scored]) -> float | None:
    """Return the mean squared error of p."""
    return sum((row.probability - row.is_true) ** 2 for row in rows) / len(rows) if rows else None


def calibration(rows: Sequence[Scored]) -> dict[str, Any]:
    """Return the expected calibration error over ten equal-width bins of p, and the bins."""
    bins: list[list[Scored]] = [[] for _ in range(BINS)]
    for row in rows:
        bins[min(BINS - 1, int(row.probability * BINS))].append(row)
    shown, error = [], 0.0
    for number, members in enumerate(bins):
        n = len(members)
        mean = sum(row.probability for row in members) / n if n else None
        rate = sum(row.is_true for row in members) / n if n else None
        if mean is not None and rate is not None:
            error += abs(mean - rate) * n
        shown.append({"from": number / BINS, "n": n, "mean_p": _rounded(mean), "true_rate": _rounded(rate)})
    return {"ece": _rounded(error / len(rows)) if rows else None, "calibration_bins": shown}


def automatic(rows: Sequence[Scored]) -> dict[str, Any]:
    """Return share and accuracy of what needs no person (p <= .02 or p >= .9, no veto), and attacks closed so."""
    band = [row for row in rows if not row.is_vetoed and (row.probability <= CLOSE or row.probability >= CONFIRM)]
    right = sum((row.probability >= CONFIRM) == row.is_true for row in band)
    return {
        "auto_share": _rounded(_share(len(band), len(rows))),
        "auto_accuracy": _rounded(_share(right, len(band))),
        "attacks_auto_closed": sum(row.is_true and row.probability <= CLOSE for row in band),
    }


def _class_scores(hit: int, false_alarm: int, missed: int) -> dict[str, float | None]:
    precision, recall = _share(hit, hit + false_alarm), _share(hit, hit + missed)
    f1 = 2 * hit / (2 * hit + false_alarm + missed) if hit else 0.0
    return {"precision": _rounded(precision), "recall": _rounded(recall), "f1": round(f1, 4)}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
