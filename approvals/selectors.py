"""Reads of actions, shaped for pages and API. The first thing each takes is who looks."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet

from accounts.models import User
from accounts.people import roles_of
from approvals import catalogue
from approvals.clock import database_now
from approvals.errors import NotVisible
from approvals.models import (
    ActionStatus,
    ApprovalSlot,
    Decision,
    DecisionKind,
    EvidenceView,
    Level,
    PendingAction,
    SlotAssignment,
)
from approvals.services.decide import FRESH_SECONDS, STRICT, Proof, Standing, standing_of
from approvals.slots import match

#: "Needs me now": a deadline this near.
SOON = dt.timedelta(minutes=15)
PAGE = 50
_RISK = {level: rank for rank, level in enumerate(Level.values)}


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """One group of the queue: `key` is stable, `title` is for people."""

    key: str
    title: str
    actions: list[PendingAction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the stepper: `state` is done, now, next or failed."""

    title: str
    state: str
    person: str = ""
    role: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ViewerState:
    """What this person may do with the action now, and why not where not."""

    can_decide: bool
    standing: Standing
    needs_comment: bool
    needs_evidence: bool
    needs_step_up: bool
    can_roll_back: bool
    can_settle: bool


def visible(user: User) -> QuerySet[PendingAction]:
    """Return the person's actions with what rows and panes show."""
    return _with_parts(PendingAction.objects.for_user(user))


def of_teams(team_ids: list[uuid.UUID]) -> QuerySet[PendingAction]:
    """Return the actions of these teams (agents, sources)."""
    return _with_parts(PendingAction.objects.for_teams(team_ids))


def _with_parts(rows: QuerySet[PendingAction]) -> QuerySet[PendingAction]:
    return rows.select_related("proposer_agent", "proposer_user", "policy_version", "alert", "team").prefetch_related(
        "slots",
        Prefetch("decisions", Decision.objects.select_related("user")),
        Prefetch("slots__assignments", SlotAssignment.objects.select_related("decision", "decision__user")),
        "attempts",
    )


def get(*, user: User, action_id: uuid.UUID) -> PendingAction:
    """Return one action. Raises NotVisible."""
    action = visible(user).filter(pk=action_id).first()
    if action is None:
        raise NotVisible
    return action


def queue_for(user: User) -> list[QueueGroup]:
    """Return the open actions by who has to do something: deadline first, then risk, then age; empty groups left out.

    Keys: needs_me_now, needs_me, second (one vote in, not mine to give), others.
    """
    now = database_now()
    held = roles_of(user)
    groups = {
        "needs_me_now": QueueGroup("needs_me_now", "Needs me now"),
        "needs_me": QueueGroup("needs_me", "Needs me"),
        "second": QueueGroup("second", "Waiting for the second approver"),
        "others": QueueGroup("others", "Waiting for others"),
    }
    rows = visible(user).filter(status__in=[ActionStatus.PENDING, ActionStatus.APPROVED, ActionStatus.UNKNOWN])
    for action in rows.order_by(F("deadline_at").asc(nulls_last=True), "created_at")[:500]:
        groups[_group_of(action, user, held, now)].actions.append(action)
    for group in groups.values():
        group.actions.sort(
            key=lambda item: (item.deadline_at or item.expires_at, -_RISK[item.approval_level], item.created_at)
        )
    return [group for group in groups.values() if group.actions]


def _group_of(action: PendingAction, user: User, held: frozenset[str], now: dt.datetime) -> str:
    votes = live_votes(action)
    if action.status == ActionStatus.PENDING and _could_decide(action, user, held, votes):
        due = action.deadline_at or action.expires_at
        return "needs_me_now" if due <= now + SOON else "needs_me"
    return "second" if votes and action.status == ActionStatus.PENDING else "others"


def _could_decide(action: PendingAction, user: User, held: frozenset[str], votes: list[Decision]) -> bool:
    """The cheap form of standing_of() for a list: it reads only what was prefetched."""
    if user.person_id == action.proposer_person_id or any(vote.person_id == user.person_id for vote in votes):
        return False
    slots = [frozenset(slot.roles) for slot in action.slots.all()]
    approvals = [frozenset(vote.roles) for vote in votes if vote.decision == DecisionKind.APPROVE]
    return match(slots, [*approvals, held]) is not None


def live_votes(action: PendingAction) -> list[Decision]:
    """Return the votes that stand, oldest first."""
    return [vote for vote in action.decisions.all() if vote.withdrawn_at is None]


def needs_me_count(user: User) -> int:
    """Return how many actions this person could decide now (the badge): one query, since every page asks.

    It counts free slots of the person's roles; where votes would have to swap slots first it may count one less.
    """
    free = ApprovalSlot.objects.filter(
        action=OuterRef("pk"), roles__overlap=list(roles_of(user)), assignments__isnull=True
    )
    mine = Decision.objects.filter(action=OuterRef("pk"), person_id=user.person_id, withdrawn_at=None)
    return (
        PendingAction.objects.for_user(user)
        .filter(Exists(free), ~Exists(mine), status=ActionStatus.PENDING)
        .exclude(proposer_person_id=user.person_id)
        .count()
    )


def done_today(user: User) -> QuerySet[PendingAction]:
    """Return what ended or was decided since midnight UTC, newest first."""
    midnight = database_now().replace(hour=0, minute=0, second=0, microsecond=0)
    return visible(user).filter(decided_at__gte=midnight).order_by("-decided_at")[:PAGE]


def viewer_state(*, user: User, action: PendingAction, proof: Proof) -> ViewerState:
    """Return what the person may do now; the services check it all again under the lock."""
    now = database_now()
    standing = standing_of(user=user, action=action)
    is_strict = action.approval_level in STRICT
    is_fresh = proof.at is not None and (now - proof.at).total_seconds() <= FRESH_SECONDS
    seen = EvidenceView.objects.filter(action=action, user=user).exists()
    kind = catalogue.get(action.action_type)
    held = roles_of(user)
    return ViewerState(
        can_decide=not standing.code and action.status == ActionStatus.PENDING and action.expires_at > now,
        standing=standing,
        needs_comment=is_strict,
        needs_evidence=is_strict and not seen,
        needs_step_up=is_strict and not is_fresh,
        can_roll_back=action.status == ActionStatus.EXECUTED
        and kind is not None
        and kind.inverse is not None
        and bool(held & {"analyst", "senior_analyst", "soc_lead", "incident_commander"})
        and not action.rollbacks.exclude(status__in=["refused", "rejected", "expired", "cancelled", "failed"]).exists(),
        can_settle=action.status == ActionStatus.UNKNOWN
        and bool(held & {"senior_analyst", "soc_lead", "incident_commander"}),
    )


def sentence_of(action: PendingAction) -> str:
    """Return what will happen, from canonical fields only."""
    kind = catalogue.get(action.action_type)
    if kind is None:
        return f"{action.action_type} on {action.target_value} (the catalogue does not know this type)."
    return kind.sentence.format(target=action.target_value)


def label_of(action: PendingAction) -> str:
    """Return the action type in words ("Isolate host")."""
    kind = catalogue.get(action.action_type)
    return kind.label if kind else action.action_type


def is_reversible(action: PendingAction) -> bool:
    """Whether an inverse exists, or nothing is changed at all."""
    kind = catalogue.get(action.action_type)
    return kind is not None and kind.reversible


def steps_of(action: PendingAction) -> list[Step]:
    """Return the stepper: proposed, one step a slot, execution."""
    steps = [Step("Proposed", "done", person=action.proposer_name, at=action.created_at)]
    waiting = action.status == ActionStatus.PENDING
    for number, slot in enumerate(action.slots.all(), start=1):
        vote = _vote_in(slot)
        title = "Approval" if len(action.slots.all()) == 1 else ("1st approval", "2nd approval")[min(number, 2) - 1]
        if vote is not None:
            steps.append(Step(title, "done", person=vote.user.username, role=vote.role, at=vote.at))
        else:
            steps.append(Step(title, "now" if waiting else "next", role=slot.role))
            waiting = False
    steps.append(_last_step(action))
    return steps


def _vote_in(slot: ApprovalSlot) -> Decision | None:
    votes = [item.decision for item in slot.assignments.all() if item.decision.withdrawn_at is None]
    return votes[0] if votes else None


def _last_step(action: PendingAction) -> Step:
    ended = {
        ActionStatus.EXECUTED: ("Executed", "done"),
        ActionStatus.FAILED: ("Failed", "failed"),
        ActionStatus.UNKNOWN: ("Outcome unknown", "failed"),
        ActionStatus.REJECTED: ("Rejected", "failed"),
        ActionStatus.EXPIRED: ("Expired", "failed"),
        ActionStatus.CANCELLED: ("Cancelled", "failed"),
        ActionStatus.REFUSED: ("Refused", "failed"),
        ActionStatus.EXECUTING: ("Executing", "now"),
        ActionStatus.APPROVED: ("Execute", "now"),
    }
    title, state = ended.get(ActionStatus(action.status), ("Execute", "next"))
    return Step(title, state, at=action.ended_at)


def hidden_from(*, user: User | None, action: PendingAction, vote: Decision) -> bool:
    """Whether a vote's reasoning stays hidden while the second one is open (independent review).

    From whoever has not voted yet, and from agents (`user` None), which could pass it on.
    """
    if action.status != ActionStatus.PENDING or action.approval_level != Level.DUAL_REQUIRED:
        return False
    if user is None:
        return True
    if vote.person_id == user.person_id:
        return False
    return not any(mine.person_id == user.person_id for mine in live_votes(action))


def progress_of(action: PendingAction) -> tuple[int, int]:
    """Return (slots filled, slots)."""
    slots = list(action.slots.all())
    return sum(_vote_in(slot) is not None for slot in slots), len(slots)


def similar_decisions(*, user: User, action: PendingAction) -> dict[str, Any]:
    """Return how people decided on the same type before: {"approved", "rejected", "rows"} of the last 50."""
    rows = list(
        visible(user)
        .filter(action_type=action.action_type, decided_at__isnull=False)
        .exclude(pk=action.pk)
        .order_by("-decided_at")[:PAGE]
    )
    rejected = sum(row.status == ActionStatus.REJECTED for row in rows)
    approved = sum(any(vote.decision == DecisionKind.APPROVE for vote in live_votes(row)) for row in rows)
    return {"approved": approved, "rejected": rejected, "rows": rows[:5]}
