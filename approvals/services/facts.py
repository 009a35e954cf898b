"""The facts that guardrails and policy judge, read inside the proposal's transaction."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings

from accounts.models import Team
from approvals import catalogue, guardrails
from approvals.models import ActionStatus, BlastCounter, PendingAction, PolicyVersion, StopKind
from approvals.policy import Rule
from approvals.stops import stop_over
from approvals.transitions import OPEN
from integrations.inventory import Asset, find
from integrations.registry import connector_for


def asset_of(*, target_type: str, target_value: str, params: dict[str, Any], team_id: uuid.UUID) -> Asset | None:
    """Return what the inventory knows of the target, or of the host on which a file is to be touched."""
    host = params.get("host")
    if isinstance(host, str):
        return find("host", host, team_ids=[team_id])
    return find(target_type, target_value, team_ids=[team_id])


def preconditions_of(asset: Asset | None) -> dict[str, Any]:
    """Return the facts that must still hold at the claim; they are part of the digest."""
    if asset is None:
        return {}
    return {"asset_id": asset.id, "asset_class": asset.asset_class, "criticality": asset.criticality}


def current_rules() -> tuple[PolicyVersion, list[Rule]]:
    """Return the policy version in force and its rules."""
    version = PolicyVersion.objects.get(is_current=True)
    return version, [_rule(row) for row in version.rules.all()]


def _rule(row: Any) -> Rule:
    return Rule(
        id=row.id,
        level=row.level,
        action_type=row.action_type,
        criticality=row.criticality,
        asset_class=row.asset_class,
        slots=tuple((slot["role"], tuple(slot["roles"])) for slot in row.slots),
        deadline_seconds=row.deadline_seconds,
        at_deadline=row.at_deadline,
        expires_seconds=row.expires_seconds,
        note=row.note,
    )


def gather(
    *,
    type_key: str,
    target_type: str,
    target_value: str,
    params: dict[str, Any],
    asset: Asset | None,
    team: Team,
    agent_id: uuid.UUID | None,
    rollback_plan: str,
    now: dt.datetime,
) -> guardrails.Facts:
    """Return the facts of one proposal."""
    kind = catalogue.get(type_key)
    connector = connector_for(type_key)
    mine = PendingAction.objects.filter(team=team)
    by_agent = mine.filter(proposer_agent_id=agent_id) if agent_id else mine.none()
    same = mine.filter(
        action_type=type_key,
        target_type=target_type,
        target_value=target_value,
        status__in=[*OPEN, ActionStatus.UNKNOWN],
    )
    # One file on two hosts is two actions; one host isolated in two ways is not.
    duplicate = same.filter(params__host=params["host"]).first() if "host" in params else same.first()
    used, cap = blast_meter(team=team, key=kind.blast_key if kind else None)
    return guardrails.Facts(
        action_type=kind,
        type_key=type_key,
        connector_label=connector.label if connector else "",
        target_type=target_type,
        target_value=target_value,
        host=str(params.get("host", "")),
        asset=asset,
        duplicate_of=str(duplicate.id) if duplicate else "",
        hourly_used=mine.filter(action_type=type_key, created_at__gt=now - dt.timedelta(hours=1))
        .exclude(status="refused")
        .count()
        if kind and kind.hourly_cap
        else 0,
        blast_used=used,
        blast_cap=cap,
        earlier_proposals=by_agent.count(),
        same_type_before=by_agent.filter(action_type=type_key).count(),
        rollback_plan=rollback_plan,
        stopped=_words(StopKind.KILL_SWITCH, type_key, agent_id, connector.key if connector else ""),
        frozen=_words(StopKind.CHANGE_FREEZE, type_key, agent_id, connector.key if connector else ""),
    )


def _words(kind: StopKind, type_key: str, agent_id: uuid.UUID | None, connector: str) -> str:
    found = stop_over(kind=kind, action_type=type_key, agent_id=agent_id, connector=connector)
    return found.words if found else ""


def blast_meter(*, team: Team, key: str | None) -> tuple[int, int]:
    """Return (in use, cap) of a blast-radius counter; (0, 0) for a type without one."""
    if key is None:
        return 0, 0
    counter = BlastCounter.objects.filter(team=team, key=key).first()
    return (counter.in_use, min(counter.cap, settings.BLAST_CAPS[key])) if counter else (0, settings.BLAST_CAPS[key])
