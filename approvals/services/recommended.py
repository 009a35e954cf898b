"""A person takes up what triage recommended: the canonical fields come from the verdict, never from prose."""

import uuid
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.people import DECIDING, roles_of
from approvals.errors import NotAllowed, NotVisible, WrongFields
from approvals.models import PendingAction
from approvals.services.propose import Proposal, Proposer, propose
from incidents.models import Alert

MAX_REASON = 4000


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended action of an alert's current verdict, with the verdict's evidence."""

    alert: Alert
    number: int
    action_type: str
    target_type: str
    target_value: str
    why: str
    evidence: list[dict[str, Any]]


def recommendation(*, user: User, alert_id: uuid.UUID, number: int) -> Recommendation:
    """Return recommendation `number` (from 0) of the alert. Raises NotVisible when alert or number are not there."""
    alert = Alert.objects.for_user(user).select_related("team").filter(pk=alert_id).first()
    verdict = alert.verdicts.filter(is_current=True).first() if alert else None
    rows = verdict.recommended_actions if verdict else []
    if alert is None or verdict is None or not 0 <= number < len(rows):
        raise NotVisible
    row = rows[number]
    evidence = [
        {name: str(item.get(name, ""))[:500] for name in ("claim", "source", "ref")} for item in verdict.evidence[:20]
    ]
    return Recommendation(
        alert=alert,
        number=number,
        action_type=str(row["type"]),
        target_type=str(row["target"]["type"]),
        target_value=str(row["target"]["value"]),
        why=str(row.get("why", "")),
        evidence=evidence,
    )


def propose_recommended(*, user: User, alert_id: uuid.UUID, number: int, reason: str) -> PendingAction:
    """Propose the recommendation in the person's name; others decide. Raises NotVisible, NotAllowed, WrongFields."""
    found = recommendation(user=user, alert_id=alert_id, number=number)
    if not roles_of(user) & DECIDING:
        raise NotAllowed("role", "Proposing needs an analyst, a senior analyst, a lead or a commander.")
    if not reason.strip():
        raise WrongFields([{"field": "reason", "error": "say why: those who decide read it"}])
    if len(reason) > MAX_REASON:
        raise WrongFields([{"field": "reason", "error": f"at most {MAX_REASON} characters"}])
    proposal = Proposal(
        action_type=found.action_type,
        target_type=found.target_type,
        target_value=found.target_value,
        reasoning=reason.strip(),
        evidence=found.evidence,
        alert_id=found.alert.id,
    )
    return propose(proposer=Proposer(team=found.alert.team, user=user), proposal=proposal)
