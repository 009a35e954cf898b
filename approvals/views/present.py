"""From a pending action and its viewer to what the templates show. Others' words stay raw here: `wire` escapes them."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from accounts.models import Role, User
from approvals import catalogue
from approvals.models import ActionStatus, Decision, DecisionKind, Level, PendingAction
from approvals.selectors import (
    Step,
    ViewerState,
    hidden_from,
    label_of,
    live_votes,
    progress_of,
    similar_decisions,
    steps_of,
    viewer_state,
)
from approvals.services.decide import Proof
from approvals.track import TrackRecord, track_record

_CITATION = re.compile(r"\[(\d{1,3})\]")
_SEVERITY_OF_CATEGORY = {
    "read_only": "low",
    "low_impact_containment": "low",
    "medium_impact_response": "medium",
    "high_impact_remediation": "high",
    "critical": "critical",
}
_GUARDRAIL_NAMES = {
    "allowlist": "Allowlist",
    "canonical_target": "Target",
    "protected_target": "Protection",
    "duplicate": "Duplicates",
    "rate": "Hourly budget",
    "blast_radius": "Blast radius",
    "rollback_plan": "Way back",
    "anomaly": "Anomaly",
    "kill_switch": "Emergency stop",
    "change_freeze": "Change freeze",
}
_OUTCOME_WORDS = {
    "pass": "passed",
    "warn": "take note",
    "refuse": "refused",
    "abstain": "cannot tell",
}
_STATE_ICONS = {
    "pass": "check",
    "warn": "alert-triangle",
    "refuse": "ban",
    "abstain": "help-circle",
}


@dataclass(frozen=True, slots=True)
class VoteView:
    """One vote as this viewer may read it: an independent second review hides the first one's words."""

    vote: Decision
    is_hidden: bool
    role: str


@dataclass(frozen=True, slots=True)
class GuardrailView:
    """One guardrail's outcome with its meter, `used` of `cap`, where it has one."""

    name: str
    outcome: str
    word: str
    icon: str
    detail: str
    used: int | None
    cap: int | None

    @property
    def low(self) -> float:
        """From here on the meter is shown as nearly full."""
        return (self.cap or 0) * 0.6

    @property
    def high(self) -> float:
        """From here on the meter is shown as full."""
        return (self.cap or 0) * 0.9


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One numbered piece of evidence as the agent gave it."""

    number: int
    claim: str
    source: str
    ref: str

    @property
    def is_supported(self) -> bool:
        """Whether the claim names where it comes from."""
        return bool(self.source or self.ref)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of reasoning; with a number it cites that row of the evidence."""

    text: str
    cites: int | None = None


class ActionView:
    """One action for one viewer; each part is made when a template asks for it."""

    def __init__(
        self,
        action: PendingAction,
        user: User,
        now: datetime,
        proof: Proof | None = None,
    ) -> None:
        self.action = action
        self.user = user
        self.now = now
        self._proof = proof or Proof()
        self.kind = catalogue.get(action.action_type)

    # --- what will happen -------------------------------------------------------------------
    @property
    def label(self) -> str:
        """The action type in words."""
        return label_of(self.action)

    @cached_property
    def sentence(self) -> tuple[str, str]:
        """The effect before and after the target's name."""
        text = self.kind.sentence if self.kind else "{target}: the catalogue does not know this action."
        before, _, after = text.partition("{target}")
        return before, after

    @property
    def effect_heading(self) -> str:
        """What the sentence is about: a plan, a fact, or something that was never done."""
        if self.action.status == ActionStatus.EXECUTED:
            return "What was done"
        if self.action.status in (ActionStatus.FAILED, ActionStatus.UNKNOWN):
            return "What was tried"
        return "What was asked for" if self.action.ended_at else "What will happen"

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """The canonical parameters, one line each, in words."""
        return [(name.replace("_", " "), _plain(value)) for name, value in sorted(self.action.params.items())]

    @property
    def preconditions(self) -> dict[str, Any]:
        """The facts of the target that must still hold at the execution."""
        return dict(self.action.preconditions)

    @property
    def is_reversible(self) -> bool:
        """Whether something brings the effect back."""
        return bool(self.kind and self.kind.reversible)

    @property
    def changes_nothing(self) -> bool:
        """Whether it only reads: there is nothing to bring back."""
        return bool(self.kind and self.kind.reversible and self.kind.inverse is None)

    @property
    def inverse_label(self) -> str:
        """The action that undoes it, in words."""
        inverse = catalogue.get(self.kind.inverse) if self.kind and self.kind.inverse else None
        return inverse.label if inverse else ""

    @property
    def severity(self) -> str:
        """The alert's severity, else the weight of the kind of action."""
        if self.action.alert is not None:
            return str(self.action.alert.severity)
        return _SEVERITY_OF_CATEGORY.get(self.kind.category.value if self.kind else "critical", "critical")

    # --- who must agree -----------------------------------------------------------------------
    @cached_property
    def state(self) -> ViewerState:
        """What the viewer may do now, and why not."""
        return viewer_state(user=self.user, action=self.action, proof=self._proof)

    @property
    def steps(self) -> list[Step]:
        """Proposed, one step a slot, execution."""
        return steps_of(self.action)

    @cached_property
    def votes(self) -> list[VoteView]:
        """The votes that count, oldest first."""
        return [
            VoteView(
                vote,
                hidden_from(user=self.user, action=self.action, vote=vote),
                _role_words(vote.role),
            )
            for vote in live_votes(self.action)
        ]

    @property
    def progress(self) -> tuple[int, int]:
        """How many places are filled, of how many."""
        return progress_of(self.action)

    @property
    def is_dual(self) -> bool:
        """Whether two people must agree."""
        return self.action.approval_level == Level.DUAL_REQUIRED

    @property
    def my_vote(self) -> Decision | None:
        """The viewer's own vote."""
        mine = (each.vote for each in self.votes if each.vote.person_id == self.user.person_id)
        return next(mine, None)

    @property
    def rejection(self) -> Decision | None:
        """The vote that ended it."""
        return next(
            (each.vote for each in self.votes if each.vote.decision == DecisionKind.REJECT),
            None,
        )

    # --- where it stands ------------------------------------------------------------------------
    @property
    def is_pending(self) -> bool:
        """Whether it waits for people."""
        return self.action.status == ActionStatus.PENDING

    @property
    def is_overdue(self) -> bool:
        """Whether its deadline has passed without a decision."""
        return self.is_pending and self.action.deadline_at is not None and self.action.deadline_at <= self.now

    @property
    def then(self) -> str:
        """What happens at the deadline, in words."""
        return str(self.action.get_at_deadline_display())

    @property
    def announcement(self) -> str:
        """One sentence for those who have it open when somebody else moves it."""
        if self.is_pending and not self.votes:
            return ""
        who = self.votes[-1].vote.user.username if self.votes else ""
        state = str(self.action.get_status_display())
        return f"{self.label} {self.action.target_value}: {state}" + (f", last vote by {who}" if who else "")

    @property
    def form_signature(self) -> str:
        """Equal signatures mean that an open form may stay as it is, with what was typed into it."""
        return f"{self.action.digest}:{self.action.status}:{self.state.standing.code}"

    # --- why --------------------------------------------------------------------------------------
    @cached_property
    def evidence(self) -> list[EvidenceRow]:
        """The agent's evidence, numbered from 1."""
        return [
            EvidenceRow(
                number,
                _plain(row.get("claim")),
                _plain(row.get("source")),
                _plain(row.get("ref")),
            )
            for number, row in enumerate(self.action.evidence, start=1)
            if isinstance(row, dict)
        ]

    @cached_property
    def reasoning(self) -> list[Passage]:
        """The agent's words, with citations like [2] set apart where there is such a row."""
        known = {row.number for row in self.evidence}
        passages, at = [], 0
        text = self.action.reasoning
        for found in _CITATION.finditer(text):
            number = int(found.group(1))
            if number not in known:
                continue
            passages += [
                Passage(text[at : found.start()]),
                Passage(found.group(0), number),
            ]
            at = found.end()
        return [*passages, Passage(text[at:])]

    @cached_property
    def guardrails(self) -> list[GuardrailView]:
        """The guardrails as judged at the proposal, in order."""
        return [_guardrail(row) for row in self.action.guardrails]

    @property
    def notable(self) -> list[GuardrailView]:
        """The guardrails that say more than "passed", and those with a meter."""
        return [row for row in self.guardrails if row.outcome != "pass" or row.cap]

    @property
    def passed(self) -> list[GuardrailView]:
        """The guardrails that passed and have nothing to show."""
        return [row for row in self.guardrails if row.outcome == "pass" and not row.cap]

    @cached_property
    def track(self) -> TrackRecord | None:
        """The agent's record with this kind of proposal."""
        return track_record(user=self.user, action=self.action)

    @cached_property
    def similar(self) -> dict[str, Any]:
        """How people decided on this type before: {"approved", "rejected", "rows": [ActionView]}."""
        found = similar_decisions(user=self.user, action=self.action)
        return found | {"rows": [ActionView(row, self.user, self.now) for row in found["rows"]]}

    @cached_property
    def unknowns(self) -> list[str]:
        """What nobody knows: said aloud, so that silence is not taken for safety."""
        found = [row.detail for row in self.guardrails if row.outcome == "abstain"]
        if not self.evidence:
            found.append("The proposal comes without evidence.")
        unsupported = sum(not row.is_supported for row in self.evidence)
        if unsupported:
            found.append(f"{unsupported} of {len(self.evidence)} claims name no source.")
        if self.action.confidence is None:
            found.append("The proposer states no confidence.")
        elif self.track is not None and not self.track.is_enough:
            found.append(f"The stated confidence has no track record yet ({self.track.decided} decided like this one).")
        if not self.action.preconditions and self.action.target_type not in (
            "host",
            "user",
        ):
            found.append(f"The inventory does not know who depends on this {self.action.target_type}.")
        found.append("No dry run was made: what the connector will answer is not known.")
        return found

    @cached_property
    def canonical_json(self) -> str:
        """The bytes that the digest is over, indented for reading."""
        try:
            return json.dumps(json.loads(bytes(self.action.canonical)), indent=2, ensure_ascii=False)
        except ValueError:
            return bytes(self.action.canonical).decode("utf-8", errors="replace")


def _guardrail(row: dict[str, Any]) -> GuardrailView:
    outcome = str(row.get("outcome", "abstain"))
    name = str(row.get("name", ""))
    return GuardrailView(
        name=_GUARDRAIL_NAMES.get(name, name.replace("_", " ").capitalize()),
        outcome=outcome,
        word=_OUTCOME_WORDS.get(outcome, outcome),
        icon=_STATE_ICONS.get(outcome, "point"),
        detail=str(row.get("detail", "")),
        used=row.get("used"),
        cap=row.get("cap"),
    )


def _role_words(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role.replace("_", " ")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
