"""Sentences about an assessment. Whatever the alert wrote is quoted, on one line, bounded; claims cite [1], [2]."""

import unicodedata
from collections.abc import Sequence

from agents.triage.verdict import ENGINE, Action, Assessment, Factor

MAX_CLAIMS = 12
MAX_REASONING = 4_000
#: A factor below this changes nothing that is shown.
LEAST_WEIGHT = 0.005

_NAMES = {
    "true_positive": "True positive",
    "false_positive": "False positive",
    "suspicious": "Suspicious",
}


def clipped(text: str, length: int) -> str:
    """Return a text of the wire on one line, without control, format and bidi characters, at most `length` long."""
    plain = "".join(
        " " if character in "\r\n\t" else character
        for character in text[: length * 4]
        if character in "\r\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    )
    plain = " ".join(plain.split())
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def weightiest(factors: Sequence[Factor]) -> list[Factor]:
    """Return the factors worth showing, the weightiest first; equal weights keep the engine's order."""
    ranked = sorted((factor for factor in factors if abs(factor.weight) >= LEAST_WEIGHT), key=_by_weight)
    return ranked[:MAX_CLAIMS]


def _by_weight(factor: Factor) -> float:
    return -abs(factor.weight)


def reasoning(shown: str, abstention: str, assessed: Assessment, actions: Sequence[Action]) -> str:
    """Return the text: the verdict, its reasons with citations, what stops it, what is recommended."""
    factors = weightiest(assessed.factors)
    lines = [f"{_NAMES[shown]}: P(true positive) = {assessed.probability:.2f} by {ENGINE}."]
    if abstention:
        lines.append(f"No decision: {abstention}")
    for number, factor in enumerate(factors, start=1):
        lines.append(f"{factor.claim} ({factor.weight:+.2f}) [{number}]")
    lines.extend(f"Not to be closed without a person: {veto}" for veto in assessed.vetoes)
    lines.extend(
        f"Recommended: {action.type} on {action.target_type} {clipped(action.target_value, 120)}, because {action.why}."
        for action in actions
    )
    return "\n".join(lines)[:MAX_REASONING]
