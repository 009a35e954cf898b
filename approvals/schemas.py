"""The API's shapes: what comes in is strict and closed, what goes out is the contract's."""

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from accounts.models import User
from approvals import selectors
from approvals.models import Decision, PendingAction

MAX_TEXT = 8000


class Closed(BaseModel):
    """Unknown fields are refused; nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TargetIn(Closed):
    type: Literal["host", "user", "ip", "domain", "url", "hash", "file"]
    value: str = Field(min_length=1, max_length=512)


class EvidenceIn(Closed):
    claim: str = Field(min_length=1, max_length=2000)
    source: str = Field(default="", max_length=300)
    ref: str = Field(default="", max_length=500)


class ActionIn(Closed):
    """A proposal. It names neither level, role nor expiry: the policy does."""

    type: str = Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")
    target: TargetIn
    params: dict[str, Any] = Field(default_factory=dict)
    reasoning: str = Field(default="", max_length=MAX_TEXT)
    confidence: float | None = Field(default=None, ge=0, le=1)
    evidence: list[EvidenceIn] = Field(default_factory=list, max_length=50)
    rollback_plan: str = Field(default="", max_length=2000)
    alert: str | None = None
    incident: str | None = None
    callback_url: str | None = Field(default=None, max_length=500, pattern=r"^https?://[!-~]+$")

    @field_validator("confidence", mode="before")
    @classmethod
    def _whole_numbers_are_numbers(cls, value: Any) -> Any:
        # A whole number far outside is left as it is: the bounds refuse it, float() would overflow.
        return float(value) if type(value) is int and abs(value) <= 1 else value


class DecisionIn(Closed):
    """A vote. Values are checked by the service, after who may see and decide: the contract's order."""

    decision: str = ""
    digest: str = ""
    reason_code: str = ""
    comment: str = ""

    @field_validator("decision", "digest", "reason_code", "comment", mode="before")
    @classmethod
    def _any_value_is_a_text(cls, value: Any) -> Any:
        return "" if value is None else str(value)[:20_000]


class RollbackIn(Closed):
    reason: str = Field(default="", max_length=2000)


def when(moment: dt.datetime | None) -> str | None:
    """Return ISO 8601 UTC with Z."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None


def action_out(action: PendingAction) -> dict[str, Any]:
    """Return the short form: what POST answers and lists carry."""
    return {
        "id": str(action.id),
        "status": action.status,
        "type": action.action_type,
        "target": {"type": action.target_type, "value": action.target_value},
        "params": action.params,
        "approval_level": action.approval_level,
        "slots": [_slot(slot) for slot in action.slots.all()],
        "digest": action.digest,
        "revision": action.revision,
        "created_at": when(action.created_at),
        "deadline_at": when(action.deadline_at),
        "at_deadline": action.at_deadline,
        "expires_at": when(action.expires_at),
        "guardrails": action.guardrails,
        "proposer": {"kind": action.proposer_kind, "name": action.proposer_name},
        "url": f"/actions/{action.id}/",
    }


def _slot(slot: Any) -> dict[str, Any]:
    live = [item.decision for item in slot.assignments.all() if item.decision.withdrawn_at is None]
    return {"role": slot.role, "filled_by": str(live[0].person_id) if live else None}


def action_detail(action: PendingAction, viewer: User | None) -> dict[str, Any]:
    """Return the whole record, as this viewer may see it."""
    return {
        **action_out(action),
        "reasoning": action.reasoning,
        "confidence": action.confidence,
        "evidence": action.evidence,
        "rollback_plan": action.rollback_plan,
        "level_reasons": action.level_reasons,
        "policy": {
            "id": str(action.policy_rule_id) if action.policy_rule_id else None,
            "version": action.policy_version_id,
        },
        "decisions": [_decision(vote, action, viewer) for vote in action.decisions.all()],
        "attempts": [
            {
                "fence": item.fence,
                "state": item.state,
                "started_at": when(item.started_at),
                "ended_at": when(item.ended_at),
                "response": item.response,
            }
            for item in action.attempts.all()
        ],
        "outcome": action.outcome,
        "held_back": action.held_back,
        "overdue_at": when(action.overdue_at),
        "decided_at": when(action.decided_at),
        "ended_at": when(action.ended_at),
        "rollback_of": str(action.rollback_of_id) if action.rollback_of_id else None,
        "alert": str(action.alert_id) if action.alert_id else None,
        "incident": None,
        "callback": _callback(action),
    }


def _callback(action: PendingAction) -> dict[str, Any] | None:
    if not action.callback_url:
        return None
    deliveries = [
        {
            "webhook_id": item.webhook_id,
            "event": item.event,
            "state": item.state,
            "attempts": item.attempts,
            "last_status": item.last_status,
            "last_error": item.last_error or None,
            "next_attempt_at": when(item.next_attempt_at) if item.state == "pending" else None,
            "at": when(item.last_attempt_at or item.created_at),
        }
        for item in action.callbacks.all()
    ]
    return {"url": action.callback_url, "deliveries": deliveries}


def _decision(vote: Decision, action: PendingAction, viewer: User | None) -> dict[str, Any]:
    hidden = selectors.hidden_from(user=viewer, action=action, vote=vote)
    return {
        "decision": vote.decision,
        "person": str(vote.person_id),
        "role": vote.role,
        "at": when(vote.at),
        "reason_code": None if hidden else vote.reason_code or None,
        "comment": None if hidden else vote.comment,
        "hidden": hidden,
        "auth_method": vote.auth_method,
        "auth_at": when(vote.auth_at),
        "withdrawn_at": when(vote.withdrawn_at),
    }


def parse_uuid(text: str | None) -> uuid.UUID | None:
    """Return the id, or None for nothing. Raises ValueError for anything else."""
    return uuid.UUID(text) if text else None
