"""decide(): one person's vote on exactly what they saw."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.people import RANK, actor_of, roles_of
from approvals import transitions
from approvals.clock import database_now
from approvals.errors import MovedOn, NotAllowed, NotVisible, WrongFields
from approvals.models import (
    ActionStatus,
    Decision,
    DecisionKind,
    EvidenceView,
    Level,
    PendingAction,
    ReasonCode,
    SlotAssignment,
)
from approvals.services.record import announce, save_move
from approvals.services.withdraw import drop_lost_votes, live_votes, roles_that_count, still_counts
from approvals.slots import match
from live.nudge import nudge

#: A log-in or step-up younger than this serves (contract.md).
FRESH_SECONDS = 300
#: Levels at which evidence must have been opened, the person freshly authenticated, and a comment given.
STRICT = frozenset({Level.REQUIRED, Level.DUAL_REQUIRED})
MAX_COMMENT = 4000


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when the person last proved who they are; None: never in this session."""

    method: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What the form or the API sent."""

    decision: str
    digest: str
    reason_code: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person may vote on an action as it stands; `code` is empty where they may."""

    code: str = ""
    words: str = ""
    role: str = ""


def decide(*, user: User, action_id: uuid.UUID, vote: Vote, proof: Proof) -> PendingAction:
    """Store the vote and make the move it leads to; return the action as it stands then.

    Checks in the contract's order, the first failure answers: NotVisible, NotAllowed (own_proposal, role,
    already_decided, slot_taken), MovedOn (digest, state), NotAllowed (evidence_not_seen, step_up_required),
    WrongFields (decision, reason_code, comment). Nothing is stored on any of them.
    """
    seen = PendingAction.objects.for_user(user).filter(pk=action_id).first()
    if seen is None:
        raise NotVisible
    # A storm of votes that cannot count is refused before it queues for the row's lock.
    _may_vote(user, seen)
    try:
        return _decide(user, action_id, vote, proof)
    except IntegrityError as error:
        # The database saw a right, a policy or a clock move between the checks and the move: nothing was stored.
        raise _refused_by_database(error) from error


def _decide(user: User, action_id: uuid.UUID, vote: Vote, proof: Proof) -> PendingAction:
    with transaction.atomic():
        action = PendingAction.objects.locked(action_id)
        lost = drop_lost_votes(action) if action.status == ActionStatus.PENDING else []
        standing = _may_vote(user, action)
        now = database_now()
        _check_current(action, vote, now)
        seconds = _check_care(user, action, vote, proof, now)
        _check_fields(action, vote)
        return _store(user, action, vote, proof, standing.role, seconds, lost)


def _may_vote(user: User, action: PendingAction) -> Standing:
    standing = standing_of(user=user, action=action)
    if standing.code:
        raise NotAllowed(standing.code, standing.words)
    return standing


def standing_of(*, user: User, action: PendingAction) -> Standing:
    """Say whether the person may fill an open slot of this action, and which role would count."""
    if user.person_id == action.proposer_person_id:
        return Standing("own_proposal", "You proposed this: somebody else decides.")
    held = roles_of(user)
    slots = list(action.slots.all())
    eligible = [slot for slot in slots if held & set(slot.roles)]
    if not eligible:
        names = " or ".join(sorted({slot.role for slot in slots})).replace("_", " ") or "nobody"
        return Standing("role", f"Your roles fill no slot of this action; it needs: {names}. An admin grants roles.")
    votes = [vote for vote in live_votes(action) if still_counts(action, vote)]
    if any(vote.person_id == user.person_id for vote in votes):
        return Standing("already_decided", "You have decided on this already: one person, one vote.")
    approvals = [vote for vote in votes if vote.decision == DecisionKind.APPROVE]
    filled = match([frozenset(slot.roles) for slot in slots], [*(roles_that_count(vote) for vote in approvals), held])
    if filled is None:
        return Standing("slot_taken", "Every slot that your roles could fill is taken.")
    mine = slots[filled.index(len(approvals))]
    return Standing(role=next(role.value for role in RANK[::-1] if role in held and role in mine.roles))


def _check_current(action: PendingAction, vote: Vote, now: dt.datetime) -> None:
    if action.status != ActionStatus.PENDING:
        raise MovedOn(action, "state", f"This action is {action.get_status_display().lower()} now. No vote was stored.")
    if action.expires_at <= now:
        raise MovedOn(action, "expired", "This action has expired. No vote was stored.")
    if vote.digest != action.digest:
        raise MovedOn(
            action, "digest", "What you saw is not what stands here now. No vote was stored; look at it again."
        )


def _check_care(user: User, action: PendingAction, vote: Vote, proof: Proof, now: dt.datetime) -> float | None:
    """Return the seconds since the evidence was opened. Strict levels need it opened and a fresh log-in."""
    view = EvidenceView.objects.filter(action=action, user=user).first()
    if action.approval_level in STRICT and vote.decision == DecisionKind.APPROVE:
        if view is None:
            raise NotAllowed("evidence_not_seen", "Open the action and read its evidence first; then decide.")
        if proof.at is None or (now - proof.at).total_seconds() > FRESH_SECONDS:
            raise NotAllowed(
                "step_up_required", "Confirm who you are (a log-in younger than five minutes), then decide."
            )
    return (now - view.first_seen_at).total_seconds() if view else None


def _check_fields(action: PendingAction, vote: Vote) -> None:
    errors: list[dict[str, Any]] = []
    if vote.decision not in DecisionKind.values:
        errors.append({"field": "decision", "error": "must be approve or reject"})
    if vote.decision == DecisionKind.REJECT and vote.reason_code not in ReasonCode.values:
        errors.append({"field": "reason_code", "error": f"must be one of {', '.join(ReasonCode.values)}"})
    if vote.decision == DecisionKind.APPROVE and vote.reason_code:
        errors.append({"field": "reason_code", "error": "is for rejections only"})
    if vote.decision == DecisionKind.APPROVE and action.approval_level in STRICT and not vote.comment.strip():
        errors.append({"field": "comment", "error": "say why you approve: required at this level"})
    if len(vote.comment) > MAX_COMMENT:
        errors.append({"field": "comment", "error": f"at most {MAX_COMMENT} characters"})
    if errors:
        raise WrongFields(errors)


def _store(
    user: User,
    action: PendingAction,
    vote: Vote,
    proof: Proof,
    role: str,
    seconds: float | None,
    lost: list[Decision],
) -> PendingAction:
    before = action.status
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                action=action,
                user=user,
                person_id=user.person_id,
                decision=vote.decision,
                digest=vote.digest,
                role=role,
                roles=[],  # the trigger writes what the database holds
                reason_code=vote.reason_code,
                comment=vote.comment.strip(),
                at=database_now(),
                auth_method=proof.method,
                auth_at=proof.at,
                seconds_on_evidence=seconds,
            )
    except IntegrityError as error:
        raise _refused_by_database(error) from error
    if vote.decision == DecisionKind.REJECT:
        _end(action, ActionStatus.REJECTED)
    elif _fill_slots(action):
        _end(action, ActionStatus.APPROVED)
        nudge("approvals.execute_action", str(action.id))
    else:
        save_move(action, "status")
    is_open = action.status == ActionStatus.PENDING
    announce(
        action,
        name="approvals.action.decided",
        actor=actor_of(user),
        before={"status": before},
        after={
            "status": action.status,
            "decision": vote.decision,
            "role": decision.role,
            "digest": vote.digest,
            "reason_code": vote.reason_code,
            **({"no_longer_counted": [item.user.username for item in lost]} if lost else {}),
            **(_sealed(decision) if is_open else {"earlier": _earlier_votes(action, decision)}),
        },
        # An open dual action waits for an independent second view: the log must not tell it the first one's.
        reason="" if is_open else decision.comment,
    )
    return action


def _sealed(decision: Decision) -> dict[str, str]:
    """Commit to the comment without showing it: the vote's random id is the salt; the final entry tells it."""
    salted = f"{decision.id}:{decision.comment}".encode()
    return {"comment_sha256": hashlib.sha256(salted).hexdigest()}


def _earlier_votes(action: PendingAction, last: Decision) -> list[dict[str, str]]:
    votes = action.decisions.filter(withdrawn_at=None).exclude(pk=last.pk).select_related("user")
    return [
        {"id": str(item.id), "person": item.user.username, "role": item.role, "comment": item.comment} for item in votes
    ]


def _refused_by_database(error: IntegrityError) -> NotAllowed:
    """The database's own guard spoke: a role or an account changed between the check and the vote."""
    text = str(error)
    if "one_live_vote_per_person" in text:
        return NotAllowed("already_decided", "You have decided on this already: one person, one vote.")
    if "CS014" in text:
        return NotAllowed("policy", "The policy asks for more agreement by now. No vote was stored; propose it anew.")
    return NotAllowed("role", "A role or an account changed just now. No vote was stored; look at it again.")


def _fill_slots(action: PendingAction) -> bool:
    """Assign every approving vote to a slot (votes may swap); return whether all slots are filled."""
    slots = list(action.slots.all())
    votes = list(action.decisions.filter(withdrawn_at=None, decision=DecisionKind.APPROVE).select_related("user"))
    filled = match([frozenset(slot.roles) for slot in slots], [roles_that_count(vote) for vote in votes])
    assert filled is not None  # noqa: S101 - standing_of found the place under the same lock
    for slot, voter in zip(slots, filled, strict=True):
        if voter is not None:
            SlotAssignment.objects.update_or_create(decision=votes[voter], defaults={"slot": slot})
    return None not in filled


def _end(action: PendingAction, status: ActionStatus) -> None:
    transitions.check(action.status, status)
    action.status = status
    action.decided_at = database_now()
    fields = ["status", "decided_at"]
    if status in transitions.FINAL:
        action.ended_at = action.decided_at
        fields.append("ended_at")
    save_move(action, *fields)
