"""propose(): the one way in, for agents, people and rollbacks alike."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from pydantic import ValidationError

from accounts.models import Agent, Team, User
from accounts.people import actor_of, actor_of_agent
from approvals import catalogue, guardrails, policy, transitions
from approvals.canonical import WrongTarget, canonical_bytes, parse_target
from approvals.clock import database_now
from approvals.errors import KeyReused, TooMany, WrongFields
from approvals.models import (
    ActionStatus,
    ApprovalSlot,
    PendingAction,
    PolicyProceeding,
    PolicyVersion,
    ProposerKind,
)
from approvals.services import facts as fact_service
from approvals.services.record import announce, save_move
from audit.actors import Actor
from incidents.models import Alert
from integrations.inventory import Asset
from live.nudge import nudge


@dataclass(frozen=True, slots=True)
class Proposer:
    """Who proposes, and for which team: exactly one of `agent` and `user`."""

    team: Team
    agent: Agent | None = None
    user: User | None = None

    @property
    def actor(self) -> Actor:
        """How the audit log names the proposer."""
        if self.agent is not None:
            return actor_of_agent(self.agent)
        assert self.user is not None  # noqa: S101 - one of the two, by contract
        return actor_of(self.user)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, as it was said; everything that decides is parsed and judged here."""

    action_type: str
    target_type: str
    target_value: str
    params: dict[str, Any] = field(default_factory=dict)
    reasoning: str = ""
    confidence: float | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)
    rollback_plan: str = ""
    alert_id: uuid.UUID | None = None
    callback_url: str = ""
    idempotency_key: str = ""
    request_sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Parsed:
    target_value: str
    params: dict[str, Any]
    asset: Asset | None
    alert: Alert | None


def propose(*, proposer: Proposer, proposal: Proposal, rollback_of: PendingAction | None = None) -> PendingAction:
    """Store a proposal as pending, refused by a guardrail, or (level none) already approved by the policy.

    Raises WrongFields (nothing stored), KeyReused, TooMany. The same key and body return the same action again.
    """
    try:
        with transaction.atomic():
            return _propose(proposer, proposal, rollback_of)
    except IntegrityError as error:
        # Two requests with one key at once: the other one won, its action is the answer.
        if "one_action_per_idempotency_key" not in str(error):
            raise
        earlier = _earlier(proposer, proposal)
        if earlier is None:
            raise
        return earlier


def _propose(proposer: Proposer, proposal: Proposal, rollback_of: PendingAction | None) -> PendingAction:
    earlier = _earlier(proposer, proposal)
    if earlier is not None:
        return earlier
    parsed = _parse(proposer, proposal)
    _lock_counts(proposer, proposal, parsed.target_value)
    now = database_now()
    if proposer.agent is not None:
        _check_budget(proposer.agent, now)
    outcomes = guardrails.evaluate(
        fact_service.gather(
            type_key=proposal.action_type,
            target_type=proposal.target_type,
            target_value=parsed.target_value,
            params=parsed.params,
            asset=parsed.asset,
            team=proposer.team,
            agent_id=proposer.agent.id if proposer.agent else None,
            rollback_plan=proposal.rollback_plan,
            now=now,
        )
    )
    action = _insert(proposer, proposal, parsed, outcomes, rollback_of, now)
    _first_move(action, guardrails.refusal(outcomes), proposer.actor)
    return action


def _earlier(proposer: Proposer, proposal: Proposal) -> PendingAction | None:
    """Return the action that this key made before. Raises KeyReused when the body was another."""
    if not proposal.idempotency_key or proposer.agent is None:
        return None
    action = PendingAction.objects.filter(
        proposer_agent=proposer.agent, idempotency_key=proposal.idempotency_key
    ).first()
    if action is not None and action.request_sha256 != proposal.request_sha256:
        raise KeyReused
    return action


def _parse(proposer: Proposer, proposal: Proposal) -> _Parsed:
    errors: list[dict[str, Any]] = []
    kind = catalogue.get(proposal.action_type)
    target, asset = proposal.target_value, None
    if kind is not None and proposal.target_type not in kind.target_types:
        errors.append({"field": "target.type", "error": f"{kind.key} takes {' or '.join(kind.target_types)}"})
    try:
        target = parse_target(proposal.target_type, proposal.target_value)
        params = proposal.params if kind is not None else {}
        asset = fact_service.asset_of(
            target_type=proposal.target_type, target_value=target, params=params, team_id=proposer.team.id
        )
    except WrongTarget as error:
        errors.append({"field": "target.value", "error": str(error)})
    params = _params(kind, proposal.params, errors)
    alert = _alert(proposer.team, proposal.alert_id, errors)
    if errors:
        raise WrongFields(errors)
    if asset is not None and "host" in params:
        params = {**params, "host": asset.name}
    return _Parsed(asset.name if asset and asset.kind == proposal.target_type else target, params, asset, alert)


def _params(kind: catalogue.ActionType | None, raw: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, Any]:
    if kind is None:
        return {}
    try:
        return kind.params.model_validate(raw).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        errors.extend(
            {"field": ".".join(["params", *map(str, item["loc"])]), "error": item["msg"]} for item in error.errors()
        )
        return {}


def _alert(team: Team, alert_id: uuid.UUID | None, errors: list[dict[str, Any]]) -> Alert | None:
    if alert_id is None:
        return None
    alert = Alert.objects.filter(pk=alert_id, team=team).first()
    if alert is None:
        errors.append({"field": "alert", "error": "there is no such alert"})
    return alert


def _lock_counts(proposer: Proposer, proposal: Proposal, target: str) -> None:
    """Serialise what is counted: an agent's budget, a capped type's hour, one target's open actions. In this order."""
    kind = catalogue.get(proposal.action_type)
    names = [f"agent|{proposer.agent.id}"] if proposer.agent else []
    if kind is not None and kind.hourly_cap is not None:
        names.append(f"type|{proposer.team.id}|{kind.key}")
    names.append(f"target|{proposer.team.id}|{proposal.action_type}|{proposal.target_type}|{target}")
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _check_budget(agent: Agent, now: dt.datetime) -> None:
    mine = PendingAction.objects.filter(proposer_agent=agent)
    recent = mine.filter(created_at__gt=now - dt.timedelta(minutes=1)).count()
    if recent >= settings.AGENT_PROPOSALS_PER_MINUTE:
        raise TooMany(f"{recent} proposals in the last minute; nothing was stored. Slow down.", 60)
    waiting = mine.filter(status__in=transitions.OPEN).count()
    if waiting >= settings.AGENT_OPEN_ACTIONS:
        raise TooMany(
            f"{waiting} of {settings.AGENT_OPEN_ACTIONS} open actions of this agent; nothing was stored. "
            "Wait until people have decided some.",
            60,
        )


def _insert(
    proposer: Proposer,
    proposal: Proposal,
    parsed: _Parsed,
    outcomes: list[guardrails.Outcome],
    rollback_of: PendingAction | None,
    now: dt.datetime,
) -> PendingAction:
    version, rules = fact_service.current_rules()
    judgement = policy.judge(_subject(proposal.action_type, parsed.asset), rules)
    if (least := guardrails.least_level(outcomes)) and least.at_least:
        judgement = policy.raised(judgement, least.at_least, least.detail)
    rule = judgement.rule
    preconditions = fact_service.preconditions_of(parsed.asset)
    canonical = canonical_bytes(
        action_type=proposal.action_type,
        target_type=proposal.target_type,
        target_value=parsed.target_value,
        params=parsed.params,
        preconditions=preconditions,
        policy_version=version.version,
    )
    action = PendingAction.objects.create(
        team=proposer.team,
        action_type=proposal.action_type,
        target_type=proposal.target_type,
        target_value=parsed.target_value,
        params=parsed.params,
        preconditions=preconditions,
        canonical=canonical,
        policy_version=version,
        policy_rule_id=rule.id,
        approval_level=rule.level,
        level_reasons=list(judgement.reasons),
        at_deadline=rule.at_deadline,
        deadline_at=now + dt.timedelta(seconds=rule.deadline_seconds) if rule.deadline_seconds else None,
        expires_at=now + dt.timedelta(seconds=rule.expires_seconds),
        proposer_kind=ProposerKind.AGENT if proposer.agent else ProposerKind.PERSON,
        proposer_agent=proposer.agent,
        proposer_user=proposer.user,
        proposer_person_id=proposer.user.person_id if proposer.user else None,
        reasoning=proposal.reasoning,
        confidence=proposal.confidence,
        evidence=proposal.evidence,
        rollback_plan=proposal.rollback_plan,
        alert=parsed.alert,
        rollback_of=rollback_of,
        callback_url=proposal.callback_url,
        idempotency_key=proposal.idempotency_key,
        request_sha256=proposal.request_sha256,
        created_at=now,
        guardrails=[outcome.as_dict() for outcome in outcomes],
    )
    if not guardrails.refusal(outcomes):
        ApprovalSlot.objects.bulk_create(
            ApprovalSlot(action=action, position=index, role=role, roles=list(roles))
            for index, (role, roles) in enumerate(rule.slots)
        )
    return action


def _subject(action_type: str, asset: Asset | None) -> policy.Subject:
    return policy.Subject(
        action_type=action_type,
        criticality=asset.criticality if asset else "",
        asset_class=asset.asset_class if asset else "",
    )


def _first_move(action: PendingAction, refusal: guardrails.Outcome | None, actor: Actor) -> None:
    after = {"level": action.approval_level, "digest": action.digest, "target": action.target_value}
    if refusal is not None:
        _move(action, ActionStatus.REFUSED)
        announce(
            action,
            name="approvals.action.refused",
            actor=actor,
            after={**after, "status": "refused", "guardrail": refusal.name},
            reason=refusal.detail,
        )
        return
    _move(action, ActionStatus.PENDING)
    if action.approval_level == "none":
        proceed(action, reason="The policy asks nobody for this type.", version=action.policy_version)
    announce(action, name="approvals.action.proposed", actor=actor, after={**after, "status": action.status})


def _move(action: PendingAction, status: ActionStatus) -> None:
    transitions.check(action.status, status)
    action.status = status
    save_move(action, "status")


def proceed(action: PendingAction, *, reason: str, version: PolicyVersion) -> None:
    """Approve by the policy's own permission (levels none and optional); the caller announces it."""
    PolicyProceeding.objects.create(action=action, policy_version=version, at=database_now(), reason=reason)
    transitions.check(action.status, ActionStatus.APPROVED)
    action.status = ActionStatus.APPROVED
    action.decided_at = database_now()
    save_move(action, "status", "decided_at")
    nudge("approvals.execute_action", str(action.id))
