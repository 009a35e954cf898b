"""A pending action: what somebody wants done, frozen at proposal, moved only along legal moves."""

import uuid
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from accounts.models import Agent, Team, User
from accounts.people import team_ids_of
from approvals.models.policy import AtDeadline, Level, PolicyRule, PolicyVersion
from incidents.models import Alert


class ActionStatus(models.TextChoices):
    """See approvals/transitions.py for the legal moves."""

    PROPOSED = "proposed", "Proposed"
    REFUSED = "refused", "Refused by a guardrail"
    PENDING = "pending", "Waiting for people"
    APPROVED = "approved", "Approved"
    EXECUTING = "executing", "Executing"
    EXECUTED = "executed", "Executed"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown outcome"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


class ProposerKind(models.TextChoices):
    AGENT = "agent", "Agent"
    PERSON = "person", "Person"


class ActionQuerySet(models.QuerySet["PendingAction"]):
    """Reads; the first thing any of them takes is who looks."""

    def for_user(self, user: User) -> Self:
        """Only what belongs to the person's teams."""
        return self.filter(team_id__in=team_ids_of(user))

    def for_teams(self, team_ids: list[uuid.UUID]) -> Self:
        """Only what belongs to these teams (agents, sources)."""
        return self.filter(team_id__in=team_ids)

    def locked(self, pk: Any) -> "PendingAction":
        """Lock the row and return it as it is now. Raises DoesNotExist."""
        return self.select_for_update(of=("self",)).select_related("proposer_agent", "alert").get(pk=pk)


class PendingAction(models.Model):
    """One proposed action. Triggers keep the payload immutable, the moves legal and the quorum true."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="actions")

    # --- what: frozen -------------------------------------------------------------------------
    action_type = models.CharField(max_length=64)
    target_type = models.CharField(max_length=16)
    target_value = models.CharField(max_length=512)
    params = models.JSONField(default=dict)
    #: Facts of the target at proposal, re-read at the claim: {"asset_id", "asset_class", "criticality"}.
    preconditions = models.JSONField(default=dict)
    #: RFC 8785 JSON of type, target, params, preconditions, policy version: what is shown, voted and dispatched.
    canonical = models.BinaryField()
    digest = models.GeneratedField(
        expression=Func(Func(F("canonical"), function="sha256"), Value("hex"), function="encode"),
        output_field=models.CharField(max_length=64),
        db_persist=True,
    )

    # --- under which rule: frozen ---------------------------------------------------------------
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    policy_rule = models.ForeignKey(PolicyRule, null=True, on_delete=models.PROTECT, related_name="+")
    approval_level = models.CharField(max_length=16, choices=Level)
    level_reasons = models.JSONField(default=list)
    at_deadline = models.CharField(max_length=16, choices=AtDeadline)
    deadline_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    # --- by whom and why: frozen ----------------------------------------------------------------
    proposer_kind = models.CharField(max_length=8, choices=ProposerKind)
    proposer_agent = models.ForeignKey(Agent, null=True, on_delete=models.PROTECT, related_name="actions")
    proposer_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    proposer_person_id = models.UUIDField(null=True)
    reasoning = models.TextField(blank=True)
    confidence = models.FloatField(null=True)
    evidence = models.JSONField(default=list)
    rollback_plan = models.TextField(blank=True)
    alert = models.ForeignKey(Alert, null=True, blank=True, on_delete=models.PROTECT, related_name="actions")
    rollback_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="rollbacks")
    callback_url = models.CharField(max_length=500, blank=True)
    idempotency_key = models.CharField(max_length=200, blank=True)
    request_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    #: [{"name", "outcome": pass|warn|refuse|abstain, "detail", "used"?, "cap"?}], as judged at proposal.
    guardrails = models.JSONField(default=list)

    # --- where it stands: moved by services, guarded by triggers ----------------------------------
    status = models.CharField(max_length=16, choices=ActionStatus, default=ActionStatus.PROPOSED)
    revision = models.IntegerField(default=1)
    overdue_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    fence = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    #: Earliest next try of a claim that a cap or a broken connector held back.
    next_claim_at = models.DateTimeField(null=True, blank=True)
    held_back = models.CharField(max_length=300, blank=True)
    #: {"words", "by"?, "verified"?}: how it ended.
    outcome = models.JSONField(null=True, blank=True)

    objects = ActionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="executing", lease_until__isnull=False)
                | ~Q(status="executing") & Q(lease_until=None),
                name="a_lease_while_executing",
            ),
            models.CheckConstraint(
                condition=Q(proposer_kind="agent", proposer_agent__isnull=False, proposer_user=None)
                | Q(proposer_kind="person", proposer_user__isnull=False, proposer_agent=None),
                name="one_proposer",
            ),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1), name="confidence_0_1"
            ),
            models.UniqueConstraint(
                fields=["proposer_agent", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_action_per_idempotency_key",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["team", "status", "-created_at"], name="action_queue"),
            models.Index(fields=["-created_at", "-id"], name="action_list"),
            models.Index(
                fields=["deadline_at"], condition=Q(status="pending", overdue_at=None), name="action_deadline_due"
            ),
            models.Index(
                fields=["expires_at"], condition=Q(status__in=["pending", "approved"]), name="action_expiry_due"
            ),
            models.Index(fields=["next_claim_at"], condition=Q(status="approved"), name="action_claim_due"),
            models.Index(fields=["lease_until"], condition=Q(status="executing"), name="action_lease_due"),
            models.Index(fields=["team", "action_type", "target_value"], name="action_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action_type} {self.target_value}"

    @property
    def proposer_name(self) -> str:
        """The agent's or person's name."""
        if self.proposer_agent is not None:
            return self.proposer_agent.name
        return self.proposer_user.username if self.proposer_user is not None else ""


class ApprovalSlot(models.Model):
    """One role slot of an action: one person with any of `roles` fills it."""

    action = models.ForeignKey(PendingAction, on_delete=models.PROTECT, related_name="slots")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=32)
    roles = ArrayField(models.CharField(max_length=32))

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["action", "position"], name="one_slot_per_position")]

    def __str__(self) -> str:
        return f"{self.role} of {self.action_id}"
