"""People, roles, teams; agents and sources, which are principals of another kind and never hold a vote."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Role(models.TextChoices):
    """What a person may do. Being admin decides nothing; on-call is a duty, not a role."""

    ANALYST = "analyst", "Analyst"
    SENIOR_ANALYST = "senior_analyst", "Senior analyst"
    SOC_LEAD = "soc_lead", "SOC lead"
    INCIDENT_COMMANDER = "incident_commander", "Incident commander"
    MANAGER = "manager", "Manager"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "Admin"


class User(AbstractUser):
    """An account. `person_id` is the human behind it: two accounts of one human share it and fill one slot."""

    person_id = models.UUIDField(default=uuid.uuid4, db_index=True)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """A group whose alerts and actions its members see and decide."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)

    class Meta:
        permissions: ClassVar = [("work_in_team", "Sees and works on what belongs to the team")]

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """One role of one account, from its grant until it is revoked. Rows are never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=32, choices=Role)
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.CharField(max_length=150, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(revoked_at=None), name="one_live_grant_of_a_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class Agent(models.Model):
    """An AI agent that may propose and never decide."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    label = models.CharField(max_length=120, blank=True)
    description = models.CharField(max_length=500, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="agents")
    is_active = models.BooleanField(default=True)
    version = models.CharField(max_length=64, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)
    heartbeat_status = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label or self.name


class AlertSource(models.Model):
    """A system that sends alerts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sources")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a bearer token may do. None of them decides."""

    ALERTS_WRITE = "alerts:write"
    ALERTS_READ = "alerts:read"
    ACTIONS_PROPOSE = "actions:propose"
    ACTIONS_READ = "actions:read"
    INCIDENTS_READ = "incidents:read"
    POLICIES_READ = "policies:read"
    METRICS_READ = "metrics:read"
    AGENTS_HEARTBEAT = "agents:heartbeat"


class ApiToken(models.Model):
    """A bearer token of one agent or one source: only its hash is kept, the text is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="tokens")
    source = models.ForeignKey(AlertSource, null=True, blank=True, on_delete=models.PROTECT, related_name="tokens")
    prefix = models.CharField(max_length=16)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(agent__isnull=False, source__isnull=True) | Q(agent__isnull=True, source__isnull=False),
                name="token_belongs_to_one_principal",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class AgentWebhookSecret(models.Model):
    """A key that signs what is sent to an agent, encrypted; at most two are in use, so that it can be changed."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="webhook_secrets")
    #: Fernet's token; its key is derived from the secret key (accounts/webhook_secrets.py).
    ciphertext = models.TextField()
    created_at = models.DateTimeField()
    #: Set by a rotation: from then on it signs nothing.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent"], condition=Q(expires_at=None), name="one_newest_webhook_secret_per_agent"
            )
        ]

    def __str__(self) -> str:
        return f"webhook secret of {self.agent}"
