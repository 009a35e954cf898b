"""What analysts say of an alert: appended beside the engine's verdict, never over it."""

import uuid

from django.db import transaction

from accounts.models import User
from accounts.people import DECIDING, actor_of, roles_of
from audit.services import record
from incidents.models import Alert, Classification, TriageVerdict, VerdictFeedback
from incidents.services.clock import database_now
from live.publish import publish

REASON_LENGTH = 500


class VerdictRefused(Exception):
    """The person may see the alert but give no verdict, or the verdict is no verdict; the text says which."""

    def __init__(self, words: str, *, code: str) -> None:
        super().__init__(words)
        self.code = code


def may_give_verdict(user: User) -> bool:
    """Return whether the person holds a role that gives verdicts; managers, auditors and admins do not."""
    return bool(roles_of(user) & DECIDING)


def give_verdict(*, user: User, alert_id: uuid.UUID, classification: str, reason: str = "") -> VerdictFeedback:
    """Append the person's verdict. It is an override when it differs from the engine's current one.

    Raises Alert.DoesNotExist when the alert is not visible to the person, VerdictRefused (`role`, `classification`
    or `reason`) when no verdict is taken.
    """
    with transaction.atomic(durable=True):
        alert = Alert.objects.for_user(user).select_for_update(no_key=True, of=("self",)).get(id=alert_id)
        verdict = TriageVerdict.objects.filter(alert=alert, is_current=True).first()
        _check(user, classification, reason)
        alert.revision += 1
        alert.save(update_fields=["revision"])
        feedback = VerdictFeedback.objects.create(
            alert=alert,
            verdict=verdict,
            user=user,
            person_id=user.person_id,
            classification=classification,
            is_override=verdict is not None and verdict.verdict != classification,
            reason=reason.strip(),
            created_at=database_now(),
        )
        _tell(user, alert, verdict, feedback)
    return feedback


def _check(user: User, classification: str, reason: str) -> None:
    if not may_give_verdict(user):
        raise VerdictRefused(
            "Verdicts are given by analysts, senior analysts, SOC leads and incident commanders. Nothing was stored.",
            code="role",
        )
    if classification not in Classification.values:
        raise VerdictRefused(
            "Choose true positive, false positive or suspicious. Nothing was stored.", code="classification"
        )
    if len(reason) > REASON_LENGTH or "\x00" in reason:
        raise VerdictRefused(f"A reason has at most {REASON_LENGTH} characters. Nothing was stored.", code="reason")


def _tell(user: User, alert: Alert, verdict: TriageVerdict | None, feedback: VerdictFeedback) -> None:
    publish(
        kind="incidents.verdict.given",
        object_type="alert",
        object_id=alert.id,
        revision=alert.revision,
        team_id=alert.team_id,
    )
    record(
        action="incidents.verdict.given",
        actor=actor_of(user),
        object_type="alert",
        object_id=str(alert.id),
        object_label=alert.title[:200],
        before={"verdict": verdict.verdict, "engine": verdict.engine} if verdict else None,
        after={"verdict": feedback.classification, "is_override": feedback.is_override},
        reason=feedback.reason,
        team_id=str(alert.team_id),
    )
