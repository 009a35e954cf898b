"""Execution: claim → commit as dispatching → call outside any transaction → record, at most once or unknown.

What a worker holds is a fence. A worker that was paused past its lease finds, when it wakes, that its fence no longer
leads anywhere: its result is dropped, and the connector has been told (by the look-up) to refuse its key.
"""

import datetime as dt
import logging
import os
import socket
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from approvals import catalogue, transitions
from approvals.clock import database_now
from approvals.models import ActionStatus, Attempt, AttemptState, BlastCounter, BlastHold, PendingAction
from approvals.services.blast import release_by_inverse, release_hold
from approvals.services.facts import asset_of, preconditions_of
from approvals.services.record import announce, save_move
from approvals.services.withdraw import void_lost_votes
from approvals.stops import what_holds
from audit.actors import SYSTEM, Actor
from integrations import kill_points
from integrations.base import CallResult, Connector, EffectRequest, Ending
from integrations.registry import connector_for

logger = logging.getLogger(__name__)
STRICTER = "The policy asks for more agreement by now than when this was proposed. Propose it anew."
#: How long a claim that a cap held back waits before it is tried again.
RETRY_SECONDS = 5
#: A stop's reason may be longer than what is kept on the action.
HELD_BACK_CHARS = 300
_ATTEMPT_OF = {
    Ending.SUCCEEDED: (AttemptState.SUCCEEDED, ActionStatus.EXECUTED),
    Ending.FAILED: (AttemptState.FAILED, ActionStatus.FAILED),
    Ending.AMBIGUOUS: (AttemptState.UNKNOWN, ActionStatus.UNKNOWN),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to perform one effect once."""

    action_id: uuid.UUID
    fence: int
    connector: Connector
    request: EffectRequest


def execute(*, action_id: uuid.UUID) -> str:
    """Claim the action and perform its effect; return its status, or what kept it from being claimed."""
    kill_points.reach("before_claim")
    claim = claim_action(action_id=action_id)
    if isinstance(claim, str):
        return claim
    kill_points.reach("after_claim")
    result = claim.connector.perform(claim.request)
    if result.ending is Ending.SUCCEEDED:
        result = _verified(claim, result)
    status = finish(action_id=claim.action_id, fence=claim.fence, result=result)
    kill_points.reach("after_record")
    return status


def claim_action(*, action_id: uuid.UUID) -> Claim | str:
    """Take an approved action under a new fence and commit it as dispatching; else say why not."""
    try:
        with transaction.atomic():
            action = PendingAction.objects.locked(action_id)
            if action.status != ActionStatus.APPROVED:
                return f"not claimed: {action.status}"
            connector = connector_for(action.action_type)
            if connector is None:
                return _hold_back(action, "No connector can perform this now.")
            if words := what_holds(action, connector.key):
                return _hold_back(action, words)
            asset = _asset(action)
            if preconditions_of(asset) != action.preconditions or (asset is not None and asset.is_protected):
                return _cancel_changed(action)
            if not _take_blast_radius(action):
                return _hold_back(action, "The blast-radius cap is in use; it is tried again when one is freed.")
            claim = _dispatch(action, connector)
            kill_points.reach("in_claim")
            return claim
    except IntegrityError as error:
        return _back_to_people(action_id, error)


def _asset(action: PendingAction) -> Any:
    return asset_of(
        target_type=action.target_type, target_value=action.target_value, params=action.params, team_id=action.team_id
    )


def _dispatch(action: PendingAction, connector: Connector) -> Claim:
    now = database_now()
    fence = action.fence + 1
    Attempt.objects.create(
        action=action,
        fence=fence,
        connector=connector.key,
        digest=action.digest,
        started_at=now,
        worker=f"{socket.gethostname()}:{os.getpid()}"[:120],
    )
    transitions.check(action.status, ActionStatus.EXECUTING)
    action.status = ActionStatus.EXECUTING
    action.fence = fence
    action.lease_until = now + dt.timedelta(seconds=settings.EXECUTION_LEASE_SECONDS)
    action.held_back = ""
    save_move(action, "status", "fence", "lease_until", "held_back")
    announce(
        action,
        name="approvals.action.claimed",
        actor=SYSTEM,
        before={"status": "approved"},
        after={"status": action.status, "fence": fence, "connector": connector.key, "digest": action.digest},
    )
    return Claim(action.id, fence, connector, request_of(action))


def request_of(action: PendingAction) -> EffectRequest:
    """Return the effect of an action; its key is the action's id, so a second dispatch is recognised as one."""
    return EffectRequest(
        idempotency_key=str(action.id),
        action_type=action.action_type,
        target_type=action.target_type,
        target_value=action.target_value,
        params=action.params,
        scope=str(action.team_id),
    )


def _verified(claim: Claim, result: CallResult) -> CallResult:
    """A connector that says yes while the world says no is an unknown, not a success."""
    verified = claim.connector.verify(claim.request)
    if verified is False:
        return CallResult(Ending.AMBIGUOUS, f"{result.detail} But reading it back does not show it.", result.response)
    return CallResult(result.ending, result.detail, {**result.response, "verified": verified})


def finish(*, action_id: uuid.UUID, fence: int, result: CallResult, actor: Actor = SYSTEM) -> str:
    """Record how the call ended, if this fence still holds; return the action's status."""
    with transaction.atomic():
        action = PendingAction.objects.locked(action_id)
        if action.status != ActionStatus.EXECUTING or action.fence != fence:
            logger.warning("execution.stale_result", extra={"action": str(action_id), "fence": fence})
            return action.status
        end(action, result, actor=actor)
        kill_points.reach("in_record")
        return action.status


def end(action: PendingAction, result: CallResult, *, actor: Actor, name: str = "approvals.action.ended") -> None:
    """Write attempt, status, counters, event and audit of an ending; the caller holds the row's lock."""
    state, status = _ATTEMPT_OF[result.ending]
    before = action.status
    now = database_now()
    action.attempts.filter(fence=action.fence).update(state=state, ended_at=now, response=result.response)
    transitions.check(before, status)
    action.status = status
    action.lease_until = None
    action.ended_at = now if status in transitions.FINAL else None
    action.outcome = {"words": result.detail, "verified": result.response.get("verified"), "by": actor.name}
    save_move(action, "status", "lease_until", "ended_at", "outcome")
    if status == ActionStatus.FAILED:
        release_hold(action)
    if status == ActionStatus.EXECUTED:
        release_by_inverse(action)
    announce(
        action,
        name=name,
        actor=actor,
        before={"status": before},
        after={"status": status, "fence": action.fence},
        reason=result.detail,
    )


def _take_blast_radius(action: PendingAction) -> bool:
    kind = catalogue.get(action.action_type)
    if kind is None or kind.blast_key is None:
        return True
    counter, _ = BlastCounter.objects.get_or_create(
        team_id=action.team_id, key=kind.blast_key, defaults={"cap": settings.BLAST_CAPS[kind.blast_key]}
    )
    counter = BlastCounter.objects.select_for_update().get(pk=counter.pk)
    if counter.in_use >= min(counter.cap, settings.BLAST_CAPS[kind.blast_key]):
        return False
    counter.in_use += 1
    counter.save(update_fields=["in_use"])
    BlastHold.objects.create(action=action, counter=counter)
    return True


def _hold_back(action: PendingAction, words: str) -> str:
    """Leave it approved and say so once; it is tried again until its expiry."""
    words = words[:HELD_BACK_CHARS]
    is_news = action.held_back != words
    action.held_back = words
    action.next_claim_at = database_now() + dt.timedelta(seconds=RETRY_SECONDS)
    save_move(action, "held_back", "next_claim_at")
    if is_news:
        announce(action, name="approvals.action.held_back", actor=SYSTEM, reason=words)
    return f"held back: {words}"


def _cancel_changed(action: PendingAction) -> str:
    """The world is not what was approved: nothing may run under this digest any more."""
    cancel_outdated(
        action,
        "The target is no longer what was approved (its class, criticality or protection changed, or it is gone). "
        "Propose it anew.",
    )
    return "cancelled: preconditions changed"


def cancel_outdated(action: PendingAction, words: str) -> None:
    """End an undispatched action that may not run as it was proposed; the caller holds the row's lock."""
    before = action.status
    transitions.check(before, ActionStatus.CANCELLED)
    action.status = ActionStatus.CANCELLED
    action.ended_at = database_now()
    action.outcome = {"words": words}
    save_move(action, "status", "ended_at", "outcome")
    announce(
        action,
        name="approvals.action.cancelled",
        actor=SYSTEM,
        before={"status": before},
        after={"status": action.status},
        reason=words,
    )


def _back_to_people(action_id: uuid.UUID, error: IntegrityError) -> str:
    """The trigger found no live quorum at the claim: votes that no longer count are withdrawn, people decide again."""
    if "CS009" not in str(error) and "CS014" not in str(error):
        raise error
    with transaction.atomic():
        action = PendingAction.objects.locked(action_id)
        if action.status != ActionStatus.APPROVED:
            return f"not claimed: {action.status}"
        if "CS014" in str(error):
            cancel_outdated(action, STRICTER)
            return "cancelled: the policy is stricter"
        void_lost_votes(action)
        transitions.check(action.status, ActionStatus.PENDING)
        action.status = ActionStatus.PENDING
        action.decided_at = None
        save_move(action, "status", "decided_at")
        announce(
            action,
            name="approvals.action.held_back",
            actor=SYSTEM,
            before={"status": "approved"},
            after={"status": action.status},
            reason="An approver lost the role, the team or the account before execution: that vote no longer counts.",
        )
    return "back to people: no live quorum"
