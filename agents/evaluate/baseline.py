"""The yardstick: the bare rule prior, shrunk to the global rate as by m = 8 verdicts, nothing else."""

from collections import defaultdict

from agents.evaluate.metrics import Scored
from agents.triage.observation import Observation

STRENGTH = 8.0
#: Without any verdict the global rate is unknown: a half.
_HALF = 0.5


class Baseline:
    """(true + m·global) / (n + m) per rule title, counts pooled without forgetting."""

    def __init__(self) -> None:
        self._rules: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._all = [0, 0]

    def learn(self, seen: Observation, is_true: bool) -> None:
        self._rules[seen.rule_key][is_true] += 1
        self._all[is_true] += 1

    def score(self, seen: Observation, is_true: bool) -> Scored:
        """Return the row as the prior scores it; shown by the same thresholds as p >= .5, without abstention."""
        total = sum(self._all)
        overall = self._all[1] / total if total else _HALF
        false_n, true_n = self._rules.get(seen.rule_key, (0, 0))
        p = (true_n + STRENGTH * overall) / (true_n + false_n + STRENGTH)
        return Scored(p, False, "true_positive" if p >= 0.5 else "false_positive", is_true)
