"""Decisions: append-only votes of people, bound to the digest they saw."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Deferrable, Q

from accounts.models import User
from approvals.models.action import ApprovalSlot, PendingAction


class DecisionKind(models.TextChoices):
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"


class ReasonCode(models.TextChoices):
    """Why somebody says no."""

    WRONG_VERDICT = "wrong_verdict", "Wrong verdict"
    WRONG_TARGET = "wrong_target", "Wrong target"
    TOO_BROAD = "too_broad", "Too broad"
    TOO_RISKY_NOW = "too_risky_now", "Too risky now"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence", "Insufficient evidence"
    DUPLICATE = "duplicate", "Duplicate"
    POLICY = "policy", "Policy"
    OTHER = "other", "Other"


class Decision(models.Model):
    """One person's vote. `role` is the one it counted for, `roles` all that were held at that moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.ForeignKey(PendingAction, on_delete=models.PROTECT, related_name="decisions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField()
    decision = models.CharField(max_length=8, choices=DecisionKind)
    digest = models.CharField(max_length=64)
    role = models.CharField(max_length=32)
    roles = ArrayField(models.CharField(max_length=32))
    reason_code = models.CharField(max_length=32, choices=ReasonCode, blank=True)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    #: How and when the person last proved who they are (log-in or step-up), for example "password".
    auth_method = models.CharField(max_length=32, blank=True)
    auth_at = models.DateTimeField(null=True)
    #: Seconds from opening the evidence to the vote; None where it was not opened.
    seconds_on_evidence = models.FloatField(null=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["action", "person_id"], condition=Q(withdrawn_at=None), name="one_live_vote_per_person"
            ),
            models.CheckConstraint(
                condition=Q(decision="approve") | ~Q(reason_code=""), name="a_rejection_names_its_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} by {self.user_id}"


class SlotAssignment(models.Model):
    """Which vote fills which slot. Re-matching may swap slots inside one transaction, hence deferred."""

    slot = models.ForeignKey(ApprovalSlot, on_delete=models.PROTECT, related_name="assignments")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="assignments")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slot"], name="one_vote_per_slot", deferrable=Deferrable.DEFERRED),
            models.UniqueConstraint(fields=["decision"], name="one_slot_per_vote", deferrable=Deferrable.DEFERRED),
        ]

    def __str__(self) -> str:
        return f"{self.slot_id} ← {self.decision_id}"


class EvidenceView(models.Model):
    """That a person opened an action's page; no state of the action."""

    action = models.ForeignKey(PendingAction, on_delete=models.CASCADE, related_name="evidence_views")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["action", "user"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.action_id}"
