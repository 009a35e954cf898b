"""Running counts of verdicts that forget: bounded memory, and a new regime replaces an old one."""

from dataclasses import dataclass

#: A streak this unlikely under the counts so far means that the rule's meaning changed.
CHANGE_LIKELIHOOD = 1e-3
CHANGE_STREAK = 3
#: Share of the old counts that survives a change.
CHANGE_KEEPS = 0.1


@dataclass(slots=True)
class Verdicts:
    """Effective numbers of true and false positives; `streak` is the run of equal verdicts at the end."""

    true_n: float = 0.0
    false_n: float = 0.0
    last: bool = False
    streak: int = 0

    @property
    def n(self) -> float:
        return self.true_n + self.false_n

    def shrunk(self, towards: float, strength: float) -> float:
        """Return P(true positive), pulled to `towards` as by `strength` verdicts of that mean."""
        return (self.true_n + strength * towards) / (self.true_n + self.false_n + strength)

    def add(self, verdict: bool, *, cap: float = 0.0, detect_change: bool = False) -> None:
        """Count one verdict. With `cap`, the memory never exceeds that many verdicts: old ones fade."""
        self.streak = self.streak + 1 if self.streak and verdict == self.last else 1
        self.last = verdict
        if detect_change and self.streak >= CHANGE_STREAK and self._surprise(verdict) < CHANGE_LIKELIHOOD:
            self.true_n *= CHANGE_KEEPS
            self.false_n *= CHANGE_KEEPS
        if cap and self.n >= cap:
            keep = (cap - 1) / cap
            self.true_n *= keep
            self.false_n *= keep
        if verdict:
            self.true_n += 1
        else:
            self.false_n += 1

    def _surprise(self, verdict: bool) -> float:
        rate = min(0.999, max(0.001, (self.true_n + 0.5) / (self.n + 1)))
        return (rate if verdict else 1 - rate) ** min(self.streak, 5)


@dataclass(slots=True)
class Spread:
    """Running mean and variance (Welford) of a logarithm."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        step = value - self.mean
        self.mean += step / self.n
        self.squares += step * (value - self.mean)

    @property
    def deviation(self) -> float:
        """The standard deviation; 0 below two values."""
        return (self.squares / self.n) ** 0.5 if self.n > 1 else 0.0
