"""Execution: attempts under a fence, the policy's own permission, and the blast-radius counters."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Team
from approvals.models.action import PendingAction
from approvals.models.policy import PolicyVersion


class AttemptState(models.TextChoices):
    DISPATCHING = "dispatching", "Dispatching"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


class Attempt(models.Model):
    """One try under one fence: committed as dispatching before the connector is called."""

    action = models.ForeignKey(PendingAction, on_delete=models.PROTECT, related_name="attempts")
    fence = models.IntegerField()
    connector = models.CharField(max_length=64)
    #: The digest that was dispatched: the one that was shown and voted.
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=AttemptState, default=AttemptState.DISPATCHING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    response = models.JSONField(default=dict)
    worker = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering: ClassVar = ["fence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["action", "fence"], name="one_attempt_per_fence"),
            models.UniqueConstraint(fields=["action"], condition=Q(state="dispatching"), name="one_open_attempt"),
            models.UniqueConstraint(fields=["action"], condition=Q(state="succeeded"), name="one_success"),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} #{self.fence} {self.state}"


class PolicyProceeding(models.Model):
    """The policy's permission for levels none and optional: there is no approver, so there is this row."""

    action = models.OneToOneField(PendingAction, on_delete=models.PROTECT, related_name="proceeding")
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.action_id} proceeds by {self.policy_version_id}"


class BlastCounter(models.Model):
    """How many effects of a kind are in force at once, and how many may be: the CHECK is the guardrail."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    in_use = models.IntegerField(default=0)
    cap = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "key"], name="one_counter_per_key"),
            models.CheckConstraint(condition=Q(in_use__gte=0, in_use__lte=F("cap")), name="blast_radius_within_cap"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.in_use} of {self.cap}"


class BlastHold(models.Model):
    """One unit of a counter, taken at the claim, freed by failure or by the executed rollback."""

    action = models.OneToOneField(PendingAction, on_delete=models.PROTECT, related_name="blast_hold")
    counter = models.ForeignKey(BlastCounter, on_delete=models.PROTECT, related_name="holds")
    released_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.counter_id} by {self.action_id}"
