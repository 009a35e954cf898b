"""What the engine answers: a verdict whose every number can be traced to a factor."""

from dataclasses import dataclass
from typing import Literal

ENGINE = "embedded-v1 (rules + statistics)"

Shown = Literal["true_positive", "false_positive", "suspicious"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One weighted reason: `weight` in logits, `claim` the sentence, `source` and `ref` its evidence."""

    name: str
    value: float
    weight: float
    claim: str
    source: str
    ref: str


@dataclass(frozen=True, slots=True)
class Action:
    """A recommended action: a catalogue type on an entity of the alert."""

    type: str
    target_type: str
    target_value: str
    why: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The number and its factors, before it is put into words.

    `score` is the raw logit, before calibration; `excess` is how far the alert alone, without its context, lies above
    the overall rate of true alerts.
    """

    score: float
    probability: float
    excess: float
    factors: tuple[Factor, ...]
    vetoes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The engine's answer about one alert, in the shape of incidents' VerdictDraft."""

    verdict: Shown
    abstention: str
    severity: str
    probability: float
    confidence: float
    techniques: tuple[str, ...]
    reasoning: str
    factors: tuple[Factor, ...]
    vetoes: tuple[str, ...]
    actions: tuple[Action, ...]
    enrichment_needed: tuple[dict[str, str], ...]
