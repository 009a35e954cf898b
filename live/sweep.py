"""What the sweeper runs: functions that find due rows. The row is the queue; this only looks often enough."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sweep:
    """One registered function; it returns how many rows it moved."""

    name: str
    every_seconds: float
    function: Callable[[], int]


SWEEPS: dict[str, Sweep] = {}


def register(name: str, every_seconds: float, function: Callable[[], int]) -> None:
    """Have `function` called about every `every_seconds`; a second registration of a name replaces the first."""
    SWEEPS[name] = Sweep(name, every_seconds, function)
