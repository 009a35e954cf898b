"""Calibration: a straight line over the logit (Platt), learnt from verdicts on what the engine had said."""

import math
from dataclasses import dataclass, field

#: Below LEAST_FOR_SHIFT verdicts the score is shown as it is; below LEAST_FOR_SLOPE only its level is corrected.
LEAST_FOR_SHIFT = 40
LEAST_FOR_SLOPE = 300
_STRENGTH = 5.0
_BIN = 0.25
LIMIT = 13.0


def sigmoid(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))


def logit(probability: float) -> float:
    """Return log(p / (1-p)) for p within [1e-6, 1-1e-6], its nearest bound outside."""
    bounded = min(1 - 1e-6, max(1e-6, probability))
    return math.log(bounded / (1 - bounded))


@dataclass(slots=True)
class Calibration:
    """Counts of (score bin → false, true verdicts) and the line slope·score + shift fitted to them."""

    bins: dict[float, list[float]] = field(default_factory=dict)
    n: int = 0
    slope: float = 1.0
    shift: float = 0.0
    _fitted_at: int = 0

    def add(self, score: float, verdict: bool) -> None:
        """Count a verdict on an alert that had this raw score."""
        centre = round(max(-LIMIT, min(LIMIT, score)) / _BIN) * _BIN
        self.bins.setdefault(centre, [0.0, 0.0])[int(verdict)] += 1
        self.n += 1

    def apply(self, score: float) -> float:
        """Return the calibrated score."""
        if self.n >= LEAST_FOR_SHIFT and self.n - self._fitted_at >= max(10, self._fitted_at // 20):
            self.fit()
        return self.slope * score + self.shift

    def fit(self) -> None:
        """Fit the line by Newton's method, held near the identity by a prior."""
        self._fitted_at = self.n
        slope, shift = 1.0, 0.0
        with_slope = self.n >= LEAST_FOR_SLOPE
        for _ in range(20):
            g_slope, g_shift = -(slope - 1) * _STRENGTH, -shift * _STRENGTH
            h_slope = h_shift = _STRENGTH
            h_both = 0.0
            for score, (false_n, true_n) in self.bins.items():
                p, n = sigmoid(slope * score + shift), false_n + true_n
                error, weight = true_n - n * p, n * p * (1 - p)
                g_slope += error * score
                g_shift += error
                h_slope += weight * score * score
                h_both += weight * score
                h_shift += weight
            if not with_slope:
                shift += g_shift / h_shift
                continue
            scale = h_slope * h_shift - h_both * h_both
            slope += (h_shift * g_slope - h_both * g_shift) / scale
            shift += (h_slope * g_shift - h_both * g_slope) / scale
        # An inverted or runaway line means too little to learn from: leave the score alone.
        self.slope, self.shift = (slope, shift) if 0.2 <= slope <= 5 and abs(shift) <= 5 else (1.0, 0.0)
