"""What the alert pages show beyond the rows themselves: citations, the time strip, the payload spread out."""

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any

from incidents.models import Alert, AlertPayload, TriageVerdict
from incidents.selectors import triage_state_of, verdict_of
from incidents.wire import read_item

#: A page shows this much of a payload; the API gives all of it.
SHOWN_PAYLOAD = 100_000
_CITATION = re.compile(r"\[(\d{1,2})\]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the reasoning, or (when `cites` is set) the number of an evidence row."""

    text: str
    cites: int = 0


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One claim with the factor behind it; a positive weight speaks for an attack."""

    number: int
    claim: str
    source: str
    ref: str
    weight: float | None

    @property
    def direction(self) -> str:
        """The weight in words."""
        if self.weight is None or self.weight == 0:
            return "neutral"
        return "for an attack" if self.weight > 0 else "against an attack"


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the alert's way: its name, when, and how long after the step before."""

    name: str
    at: dt.datetime | None
    after: float | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The engine's verdict for the page; `state` says why there is none."""

    verdict: TriageVerdict | None
    state: str
    passages: list[Passage]
    evidence: list[EvidenceRow]


def verdict_view(alert: Alert) -> VerdictView:
    """Return the verdict of an alert fetched by `selectors.find`."""
    verdict = verdict_of(alert)
    if verdict is None:
        return VerdictView(None, triage_state_of(alert), [], [])
    rows = evidence_rows(verdict.evidence)
    return VerdictView(verdict, triage_state_of(alert), passages(verdict.reasoning, len(rows)), rows)


def passages(reasoning: str, count: int) -> list[Passage]:
    """Split the reasoning at its citations [n]; a number without an evidence row stays text."""
    result: list[Passage] = []
    for index, part in enumerate(_CITATION.split(reasoning)):
        if index % 2 == 0:
            if part:
                result.append(Passage(part))
        elif 1 <= int(part) <= count:
            result.append(Passage("", int(part)))
        else:
            result.append(Passage(f"[{part}]"))
    return result


def evidence_rows(evidence: Any) -> list[EvidenceRow]:
    """Return the evidence numbered from 1; what an engine left out is empty."""
    rows = [row for row in evidence if isinstance(row, dict)] if isinstance(evidence, list) else []
    return [
        EvidenceRow(
            number, str(row.get("claim", "")), str(row.get("source", "")), str(row.get("ref", "")), _weight(row)
        )
        for number, row in enumerate(rows, start=1)
    ]


def time_strip(alert: Alert) -> list[Moment]:
    """Return occurred → detected → received → triaged, with the time each took."""
    steps = (
        ("Occurred", alert.occurred_at),
        ("Detected", alert.detected_at),
        ("Received", alert.received_at),
        ("Triaged", alert.triaged_at),
    )
    result: list[Moment] = []
    last: dt.datetime | None = None
    for name, at in steps:
        result.append(Moment(name, at, (at - last).total_seconds() if at and last and at >= last else None))
        last = at or last
    return result


def payload_text(payload: AlertPayload | None) -> tuple[str, bool]:
    """Return the payload for reading, and whether it was cut. What had to be repaired is shown exactly as it came."""
    if payload is None:
        return "", False
    item = read_item(0, payload.raw.encode(), max_bytes=2**31)
    text = payload.raw if item.error or item.notes else json.dumps(item.payload, indent=2, ensure_ascii=False)
    return text[:SHOWN_PAYLOAD], len(text) > SHOWN_PAYLOAD


def _weight(row: dict[str, Any]) -> float | None:
    weight = row.get("weight")
    return float(weight) if isinstance(weight, int | float) and not isinstance(weight, bool) else None
