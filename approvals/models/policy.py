"""The policy: versioned rows that name level, slots and deadlines. Published versions never change."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class Level(models.TextChoices):
    """How much agreement an action needs, from none to two people."""

    NONE = "none", "None"
    OPTIONAL = "optional", "Optional"
    RECOMMENDED = "recommended", "Recommended"
    REQUIRED = "required", "Required"
    DUAL_REQUIRED = "dual_required", "Dual"


class AtDeadline(models.TextChoices):
    """What happens when the deadline passes undecided. Escalation and paging get words of their own when they land."""

    PROCEED_AT_ONCE = "proceed_at_once", "proceeds at once"
    PROCEED = "proceed", "proceeds, if no one objected"
    STAY_OVERDUE = "stay_overdue", "stays queued, marked overdue"
    ESCALATE = "escalate", "stays blocked, marked overdue"
    PAGE_ON_CALL = "page_on_call", "stays blocked, marked overdue"


class PolicyVersion(models.Model):
    """One published set of rules; exactly one is current."""

    version = models.PositiveIntegerField(primary_key=True)
    summary = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.CharField(max_length=150)
    is_current = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_current"], condition=Q(is_current=True), name="one_current_policy")
        ]

    def __str__(self) -> str:
        return f"policy version {self.version}"


class PolicyRule(models.Model):
    """One row: an empty match column matches anything; of all matching rows the strictest decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="rules")
    action_type = models.CharField(max_length=64, blank=True)
    criticality = models.CharField(max_length=16, blank=True)
    asset_class = models.CharField(max_length=32, blank=True)
    level = models.CharField(max_length=16, choices=Level)
    #: [{"role": label shown, "roles": [any of these fills it]}], in order.
    slots = models.JSONField(default=list)
    deadline_seconds = models.PositiveIntegerField(null=True, blank=True)
    at_deadline = models.CharField(max_length=16, choices=AtDeadline)
    expires_seconds = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            # Fail closed: a level that needs people must name them, one without must not.
            models.CheckConstraint(
                condition=Q(level="none", slots=[]) | ~Q(level="none") & ~Q(slots=[]), name="slots_where_people_decide"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action_type or 'any'}: {self.level}"
