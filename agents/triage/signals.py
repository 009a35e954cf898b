"""Factors read from the alert itself: its severity, its techniques, and known signs in its rule and its fields."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from agents.triage.knowledge import (
    COMMAND_KEYS,
    COMMAND_SIGNS,
    PATH_KEYS,
    PATH_SIGNS_AGAINST,
    PATH_SIGNS_FOR,
    RULE_SIGNS,
    Sign,
)
from agents.triage.observation import Observation
from agents.triage.tactics import gravest
from agents.triage.verdict import Factor
from agents.triage.wording import clipped

#: The rule's own words weigh less the more verdicts the rule has: the verdicts then say it better.
FADE = 8.0
CONTENT_LIMITS = (-2.5, 3.0)
SEVERITY_LIMITS = (-0.6, 0.8)
#: Characters of command lines and paths looked at per alert: a sender must not choose how long triage takes.
SCAN_BUDGET = 32_000


def rule_factors(seen: Observation, rule_n: float) -> list[Factor]:
    """Return what the rule says by itself; `rule_n` verdicts on it make that matter less."""
    share = FADE / (FADE + rule_n)
    found = [*_severity(seen), *_technique(seen), *_rule_words(seen)]
    return [_scaled(factor, share) for factor in found]


def content_factors(seen: Observation) -> list[Factor]:
    """Return the signs in the event, each once, together within CONTENT_LIMITS."""
    found: dict[str, Factor] = {}
    budget = SCAN_BUDGET
    for key, text in seen.fields:
        if key not in COMMAND_KEYS and key not in PATH_KEYS:
            continue
        budget -= len(text)
        if budget < 0:
            break
        for factor in _field_factors(key, text):
            found.setdefault(factor.name, factor)
    total = sum(factor.weight for factor in found.values())
    least, most = CONTENT_LIMITS
    scale = most / total if total > most else least / total if total < least else 1.0
    return [_scaled(factor, scale) for factor in found.values()]


def _severity(seen: Observation) -> Iterator[Factor]:
    if not seen.severity_named:
        return
    weight = max(SEVERITY_LIMITS[0], min(SEVERITY_LIMITS[1], (seen.severity_score - 5.0) * 0.15))
    yield Factor(
        "source_severity",
        seen.severity_score,
        weight,
        f"The source rates the alert {seen.severity_score:g} of 10.",
        "alert",
        "severity",
    )


def _technique(seen: Observation) -> Iterator[Factor]:
    grave = gravest(seen.techniques)
    if grave is not None:
        name, tactic, weight = grave
        yield Factor(
            "technique",
            1.0,
            weight,
            f"The alert names {name}, a technique of {tactic.replace('-', ' ')}.",
            "alert",
            name,
        )


def _rule_words(seen: Observation) -> Iterator[Factor]:
    groups = tuple(text.lower() for key, text in seen.fields if key == "groups")
    for sign in _rule_signs((seen.rule, *groups)):
        yield Factor(sign.name, 1.0, sign.weight, f"The rule {sign.claim}.", "rule", clipped(seen.detection, 60))


@lru_cache(maxsize=8192)
def _rule_signs(words: tuple[str, ...]) -> tuple[Sign, ...]:
    """A rule's words are the same for thousands of alerts."""
    return tuple(sign for sign in RULE_SIGNS if any(sign.pattern.search(word) for word in words))


def _field_factors(key: str, text: str) -> Iterator[Factor]:
    if key in COMMAND_KEYS:
        yield from _matched(((sign, sign.pattern.search(text)) for sign in COMMAND_SIGNS), key)
    if key in PATH_KEYS:
        path = text.strip().strip('"\\')
        yield from _matched(((sign, sign.pattern.match(path)) for sign in PATH_SIGNS_FOR), key)
        yield from _matched(((sign, sign.pattern.fullmatch(path)) for sign in PATH_SIGNS_AGAINST), key)


def _matched(hits: Iterable[tuple[Sign, re.Match[str] | None]], key: str) -> Iterator[Factor]:
    for sign, hit in hits:
        if hit:
            claim = f"The field {clipped(key, 40)} {sign.claim}: “{clipped(hit.group(), 80)}”."
            yield Factor(sign.name, 1.0, sign.weight, claim, "field", clipped(key, 40))


def _scaled(factor: Factor, share: float) -> Factor:
    if share == 1.0:
        return factor
    return Factor(factor.name, factor.value, factor.weight * share, factor.claim, factor.source, factor.ref)
