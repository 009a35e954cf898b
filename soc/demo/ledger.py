"""Writes one invented action with all its rows, as the services would have left them at that time."""

import datetime as dt
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from accounts.people import actor_of
from approvals import guardrails, policy
from approvals.canonical import canonical_bytes
from approvals.catalogue import get
from approvals.models import (
    ApprovalSlot,
    Attempt,
    BlastCounter,
    BlastHold,
    Decision,
    PendingAction,
    PolicyProceeding,
    PolicyVersion,
    SlotAssignment,
)
from approvals.services import facts as fact_service
from approvals.services.execute import request_of
from approvals.services.propose import Proposal, Proposer
from audit.actors import SYSTEM, Actor
from audit.services import record
from integrations.inventory import Asset
from integrations.models import EstateBlock, EstateEffect, EstateHost, EstateUser
from integrations.simulators.estate import SimulatedEstate
from soc.demo.past import MARK


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposal with what policy and inventory say of it."""

    proposer: Proposer
    proposal: Proposal
    asset: Asset | None
    version: PolicyVersion
    rule: policy.Rule
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """One vote of the past."""

    user: User
    at: dt.datetime
    decision: str = "approve"
    reason_code: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    at: dt.datetime
    name: str
    actor: Actor
    action: PendingAction
    after: Mapping[str, Any]


@dataclass(slots=True)
class Ledger:
    """Writes actions and gathers their audit entries, which are appended in the order of the story at the end."""

    chance: random.Random
    estate: SimulatedEstate = field(default_factory=SimulatedEstate)
    rules: tuple[PolicyVersion, list[policy.Rule]] = field(default_factory=fact_service.current_rules)
    _entries: list[_Entry] = field(default_factory=list)
    _actors: dict[str, Actor] = field(default_factory=dict)

    def judge(self, proposer: Proposer, proposal: Proposal) -> Judged:
        """Return what the policy asks for; nothing is written."""
        asset = fact_service.asset_of(
            target_type=proposal.target_type,
            target_value=proposal.target_value,
            params=proposal.params,
            team_id=proposer.team.id,
        )
        subject = policy.Subject(
            proposal.action_type, asset.criticality if asset else "", asset.asset_class if asset else ""
        )
        version, rules = self.rules
        judgement = policy.judge(subject, rules)
        return Judged(proposer, proposal, asset, version, judgement.rule, judgement.reasons)

    def propose(self, judged: Judged, at: dt.datetime, rollback_of: PendingAction | None = None) -> PendingAction:
        """Write the proposal with its guardrails and slots: pending, or refused."""
        outcomes = guardrails.evaluate(_facts(judged, at))
        is_refused = guardrails.refusal(outcomes) is not None
        action = PendingAction.objects.create(
            **_columns(judged, at),
            rollback_of=rollback_of,
            guardrails=[outcome.as_dict() for outcome in outcomes],
            status="refused" if is_refused else "pending",
            revision=2,
        )
        if not is_refused:
            ApprovalSlot.objects.bulk_create(
                ApprovalSlot(action=action, position=index, role=role, roles=list(roles))
                for index, (role, roles) in enumerate(judged.rule.slots)
            )
        name = "approvals.action.refused" if is_refused else "approvals.action.proposed"
        self._note(at, name, judged.proposer.actor, action, level=action.approval_level, digest=action.digest)
        return action

    def vote(self, action: PendingAction, voice: Voice, slot: int | None = None) -> None:
        """Write a vote; an approving one fills the slot of that position."""
        actor = self._actor(voice.user)
        role = actor.role
        vote = Decision.objects.create(
            action=action,
            user=voice.user,
            person_id=voice.user.person_id,
            decision=voice.decision,
            digest=action.digest,
            role=role,
            roles=[role],
            reason_code=voice.reason_code,
            comment=voice.comment,
            at=voice.at,
            auth_method="password",
            auth_at=voice.at - dt.timedelta(seconds=self.chance.randrange(5, 280)),
            seconds_on_evidence=self._seconds(voice.at - action.created_at),
        )
        if slot is not None:
            SlotAssignment.objects.create(slot=action.slots.get(position=slot), decision=vote)
        self._note(
            voice.at,
            "approvals.action.decided",
            actor,
            action,
            decision=voice.decision,
            role=role,
            digest=action.digest,
            reason_code=voice.reason_code,
        )

    def _actor(self, user: User) -> Actor:
        """Nobody's role changes in this story: one look is enough."""
        if user.username not in self._actors:
            self._actors[user.username] = actor_of(user)
        return self._actors[user.username]

    def _seconds(self, waited: dt.timedelta) -> float:
        """How long the evidence was looked at: a minute or so, and sometimes hardly at all."""
        seconds = 3.2 if self.chance.random() < 0.06 else self.chance.uniform(14, 190)
        return round(min(seconds, waited.total_seconds() * 0.8), 1)

    def proceed(self, action: PendingAction, at: dt.datetime) -> None:
        """Let the policy's own row stand for an approver (levels none and optional)."""
        reason = (
            "The deadline passed and no one objected."
            if action.deadline_at
            else "The policy asks nobody for this type."
        )
        PolicyProceeding.objects.create(action=action, policy_version=action.policy_version, at=at, reason=reason)
        if action.deadline_at:
            self._note(at, "approvals.action.proceeded", SYSTEM, action, status="approved")

    def execute(self, action: PendingAction, decided_at: dt.datetime, *, fails: bool = False) -> dt.datetime:
        """Perform it on the simulated estate, or note a failure; return when it ended."""
        started_at = decided_at + dt.timedelta(milliseconds=self.chance.randrange(80, 900))
        ended_at = started_at + dt.timedelta(milliseconds=self.chance.randrange(300, 7000))
        words, response = self._effect(action, ended_at, fails=fails)
        state = "failed" if fails else "succeeded"
        Attempt.objects.create(
            action=action,
            fence=1,
            connector=self.estate.key,
            digest=action.digest,
            state=state,
            started_at=started_at,
            ended_at=ended_at,
            response=response,
            worker="demo history",
        )
        action.fence, action.decided_at = 1, decided_at
        action.outcome = {"words": words, "verified": response.get("verified"), "by": SYSTEM.name}
        self._end(action, "failed" if fails else "executed", ended_at, moves=3)
        self._hold(action, ended_at)
        self._note(ended_at, "approvals.action.ended", SYSTEM, action, status=action.status, outcome=words)
        return ended_at

    def close(self, action: PendingAction, status: str, at: dt.datetime) -> None:
        """End it undone: rejected, expired or cancelled."""
        if status == "rejected":
            action.decided_at = at
        if status == "cancelled":
            action.outcome = {"words": "Cancelled by its proposer."}
        self._end(action, status, at, moves=1)
        if status != "rejected":
            actor = SYSTEM if status == "expired" else _proposer(action)
            self._note(at, f"approvals.action.{status}", actor, action, status=status)

    def append_entries(self) -> int:
        """Append the audit entries in the order of the story; each says that it tells an invented past."""
        for entry in sorted(self._entries, key=lambda one: one.at):
            record(
                action=entry.name,
                actor=entry.actor,
                object_type="action",
                object_id=str(entry.action.id),
                object_label=f"{entry.action.action_type} {entry.action.target_value}",
                after={**entry.after, "at": entry.at},
                reason=MARK,
                team_id=str(entry.action.team_id),
            )
        return len(self._entries)

    def _end(self, action: PendingAction, status: str, at: dt.datetime, *, moves: int) -> None:
        action.status = status
        action.ended_at = at
        action.revision += moves
        if action.deadline_at and action.deadline_at < (action.decided_at or at) and action.at_deadline != "proceed":
            action.overdue_at = action.deadline_at
            action.revision += 1
        action.save()

    def _effect(self, action: PendingAction, at: dt.datetime, *, fails: bool) -> tuple[str, dict[str, Any]]:
        if fails:
            words = "The endpoint did not answer within 30 seconds; nothing was changed."
            return words, {"simulated": True, "applied": False}
        request = request_of(action)
        result = self.estate.perform(request)
        EstateEffect.objects.filter(key=request.idempotency_key).update(at=at)
        if action.target_type in ("host", "user"):
            model = EstateHost if action.target_type == "host" else EstateUser
            model.objects.filter(name=action.target_value, changed_at__isnull=False).update(changed_at=at)
        EstateBlock.objects.filter(kind=action.target_type, value=action.target_value).update(changed_at=at)
        return result.detail, {**result.response, "verified": self.estate.verify(request)}

    def _hold(self, action: PendingAction, at: dt.datetime) -> None:
        """What is in force counts against its cap; an executed inverse frees it."""
        kind = get(action.action_type)
        if kind is None or action.status != "executed":
            return
        if kind.blast_key:
            counter = _counter(action, kind.blast_key)
            BlastHold.objects.create(action=action, counter=counter)
            _add(counter, 1)
        for hold in BlastHold.objects.filter(action_id=action.rollback_of_id, released_at=None):
            BlastHold.objects.filter(pk=hold.pk).update(released_at=at)
            _add(hold.counter, -1)

    def _note(self, at: dt.datetime, name: str, actor: Actor, action: PendingAction, **after: Any) -> None:
        self._entries.append(_Entry(at, name, actor, action, after))


def _facts(judged: Judged, at: dt.datetime) -> guardrails.Facts:
    proposal = judged.proposal
    return fact_service.gather(
        type_key=proposal.action_type,
        target_type=proposal.target_type,
        target_value=proposal.target_value,
        params=proposal.params,
        asset=judged.asset,
        team=judged.proposer.team,
        agent_id=judged.proposer.agent.id if judged.proposer.agent else None,
        rollback_plan=proposal.rollback_plan,
        now=at,
    )


def _columns(judged: Judged, at: dt.datetime) -> dict[str, Any]:
    """The frozen columns of an action, as propose() writes them."""
    proposal, proposer, rule = judged.proposal, judged.proposer, judged.rule
    preconditions = fact_service.preconditions_of(judged.asset)
    return {
        "team": proposer.team,
        "action_type": proposal.action_type,
        "target_type": proposal.target_type,
        "target_value": proposal.target_value,
        "params": proposal.params,
        "preconditions": preconditions,
        "canonical": canonical_bytes(
            action_type=proposal.action_type,
            target_type=proposal.target_type,
            target_value=proposal.target_value,
            params=proposal.params,
            preconditions=preconditions,
            policy_version=judged.version.version,
        ),
        "policy_version": judged.version,
        "policy_rule_id": rule.id,
        "approval_level": rule.level,
        "level_reasons": list(judged.reasons),
        "at_deadline": rule.at_deadline,
        "deadline_at": at + dt.timedelta(seconds=rule.deadline_seconds) if rule.deadline_seconds else None,
        "expires_at": at + dt.timedelta(seconds=rule.expires_seconds),
        "proposer_kind": "agent" if proposer.agent else "person",
        "proposer_agent": proposer.agent,
        "proposer_user": proposer.user,
        "proposer_person_id": proposer.user.person_id if proposer.user else None,
        "reasoning": proposal.reasoning,
        "confidence": proposal.confidence,
        "evidence": proposal.evidence,
        "rollback_plan": proposal.rollback_plan,
        "alert_id": proposal.alert_id,
        "idempotency_key": f"demo-history-{uuid.uuid4().hex}" if proposer.agent else "",
        "created_at": at,
    }


def _proposer(action: PendingAction) -> Actor:
    agent = action.proposer_agent
    return Proposer(team=action.team, agent=agent, user=action.proposer_user).actor


def _counter(action: PendingAction, key: str) -> BlastCounter:
    _, cap = fact_service.blast_meter(team=action.team, key=key)
    return BlastCounter.objects.get_or_create(team=action.team, key=key, defaults={"cap": cap})[0]


def _add(counter: BlastCounter, step: int) -> None:
    counter.refresh_from_db()
    counter.in_use += step
    counter.save(update_fields=["in_use"])
