"""One thing that an agent asks for."""

from dataclasses import dataclass, field
from typing import Any

RESPONDER, HUNTER, PHISHING, TRIAGE = "demo-responder", "demo-hunter", "demo-phishing", "demo-triage"


@dataclass(frozen=True, slots=True)
class Ask:
    """One item. `alert` names the morning's alert, `target` a part of it (soc/demo/proposals.py: Facts) or a value.

    `evidence` is (claim, source, reference); the alert itself is put before it.
    """

    agent: str
    action_type: str
    kind: str
    target: str
    alert: str
    why: str
    evidence: tuple[tuple[str, str, str], ...]
    confidence: float
    undo: str = ""
    params: dict[str, Any] = field(default_factory=dict)
