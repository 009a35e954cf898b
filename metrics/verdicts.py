"""The confusion of the engine's verdicts (rows) with the people's (columns), and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from metrics.definitions import VERDICTS

#: Between the two verdicts in a split's name.
SEPARATOR = ">"


@dataclass(frozen=True, slots=True)
class Confusion:
    """`cells[engine][person]` counts alerts; every pair of verdicts is there."""

    cells: dict[str, dict[str, int]]

    def of_engine(self, verdict: str) -> int:
        """How many the engine called so."""
        return sum(self.cells[verdict].values())

    def of_person(self, verdict: str) -> int:
        """How many a person called so."""
        return sum(row[verdict] for row in self.cells.values())

    def precision_of(self, verdict: str) -> tuple[int, int]:
        """Return (right, called so by the engine)."""
        return self.cells[verdict][verdict], self.of_engine(verdict)

    def recall_of(self, verdict: str) -> tuple[int, int]:
        """Return (right, called so by people)."""
        return self.cells[verdict][verdict], self.of_person(verdict)


def confusion_of(counts: Mapping[str, int]) -> Confusion:
    """Return the matrix of counts by "engine>person"; names that are no pair of verdicts are left out."""
    cells = {engine: dict.fromkeys(VERDICTS, 0) for engine in VERDICTS}
    for name, n in counts.items():
        engine, _, person = name.partition(SEPARATOR)
        if engine in cells and person in cells[engine]:
            cells[engine][person] = n
    return Confusion(cells)
