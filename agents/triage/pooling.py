"""Verdicts of several analysts as one count: nobody weighs more than CAP, and three or more are taken by the median.

One analyst who calls everything false cannot move a rule that others judge true (design/agents.md §4.3), and one
analyst alone never reaches the number of verdicts from which a rule may close alerts.
"""

from collections.abc import Collection
from statistics import median

from agents.triage.counts import Verdicts

#: Verdicts that one analyst can weigh on one rule. Below engine.LEAST_RULE_VERDICTS on purpose.
CAP = 10.0
MEDIAN_FROM = 3


def pooled(by_person: Collection[Verdicts]) -> Verdicts:
    """Return the pooled effective counts; empty for nobody."""
    parts = [part for part in by_person if part.n]
    weights = [min(CAP, part.n) for part in parts]
    total = sum(weights)
    if not total:
        return Verdicts()
    rates = [part.true_n / part.n for part in parts]
    if len(parts) >= MEDIAN_FROM:
        rate = median(rates)
    else:
        rate = sum(rate * weight for rate, weight in zip(rates, weights, strict=True)) / total
    return Verdicts(true_n=rate * total, false_n=(1 - rate) * total)
