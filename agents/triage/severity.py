"""Severity of a verdict: impact × likelihood, apart from the probability itself."""

from agents.triage.observation import Observation
from agents.triage.tactics import gravest

_LIKELIHOODS = ((0.7, 4), (0.3, 3), (0.05, 2))
_GRAVE_TACTICS = frozenset({"impact", "credential-access", "exfiltration", "lateral-movement"})


def impact(seen: Observation) -> int:
    """Return 1 to 4: the source's severity, raised by a grave tactic."""
    score = seen.severity_score
    level = 4 if score >= 9 else 3 if score >= 7 else 2 if score >= 4 else 1
    grave = gravest(seen.techniques)
    if grave is not None and grave[1] in _GRAVE_TACTICS:
        level = max(level + 1, 3) if level < 4 else 4
    return level


def severity(seen: Observation, probability: float) -> str:
    """Return critical, high, medium or low by the product of impact (1–4) and likelihood (1–4)."""
    likelihood = next((level for least, level in _LIKELIHOODS if probability >= least), 1)
    product = impact(seen) * likelihood
    if product >= 14:
        return "critical"
    if product >= 9:
        return "high"
    return "medium" if product >= 5 else "low"
