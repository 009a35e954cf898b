"""One row of the table, and how its figures are taken."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """`n` units in `seconds`; p50 and p99 are milliseconds of one call, where calls were timed one by one."""

    name: str
    unit: str
    n: int
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    note: str = ""

    @property
    def per_second(self) -> float:
        """Units a second."""
        return self.n / self.seconds if self.seconds else 0.0


def whole(name: str, unit: str, n: int, work: Callable[[], object], note: str = "") -> Measured:
    """Time one piece of work that handles `n` units."""
    begin = time.perf_counter()
    work()
    return Measured(name, unit, n, time.perf_counter() - begin, note=note)


def each(name: str, unit: str, calls: Iterable[Callable[[], object]], note: str = "", units_each: int = 1) -> Measured:
    """Time every call by itself, one after another."""
    taken: list[float] = []
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    taken.sort()
    p50, p99 = (_at(taken, share) * 1000 for share in (0.5, 0.99))
    return Measured(name, unit, len(taken) * units_each, sum(taken), p50, p99, note)


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
