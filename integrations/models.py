"""The simulated estate: hosts, users and blocks that only exist here, and the journal of what was done to them."""

import uuid
from typing import ClassVar

from django.db import models

from accounts.models import Team


class Criticality(models.TextChoices):
    LOW = "low", "Low"
    NORMAL = "normal", "Normal"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class EstateHost(models.Model):
    """A simulated machine. `name` is its canonical spelling."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64, unique=True)
    asset_class = models.CharField(max_length=16, choices=[("workstation", "Workstation"), ("server", "Server")])
    criticality = models.CharField(max_length=16, choices=Criticality, default=Criticality.NORMAL)
    owner = models.CharField(max_length=120, blank=True)
    service = models.CharField(max_length=120, blank=True, help_text="what runs on it, in the business's words")
    is_protected = models.BooleanField(default=False)
    is_isolated = models.BooleanField(default=False)
    is_wiped = models.BooleanField(default=False)
    memory_images = models.IntegerField(default=0)
    file_collections = models.IntegerField(default=0)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class EstateUser(models.Model):
    """A simulated account of the company's directory."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, unique=True)
    is_service_account = models.BooleanField(default=False)
    criticality = models.CharField(max_length=16, choices=Criticality, default=Criticality.NORMAL)
    department = models.CharField(max_length=120, blank=True)
    is_protected = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    sessions = models.IntegerField(default=1)
    password_resets = models.IntegerField(default=0)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class EstateBlock(models.Model):
    """An address, domain, hash or file that the simulated firewall and endpoints stop."""

    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=512)
    #: The team's id: each team has a firewall of its own here.
    scope = models.CharField(max_length=36, blank=True)
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value", "scope"], name="one_row_per_block")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class EstateKey(models.Model):
    """An idempotency key that the estate has heard of; sealed = it will never perform it any more."""

    key = models.CharField(primary_key=True, max_length=120)
    is_sealed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.key


class EstateEffect(models.Model):
    """One effect that really happened here. Two rows of one key would be a double execution: tests count them."""

    key = models.CharField(max_length=120, db_index=True)
    action_type = models.CharField(max_length=64)
    target_type = models.CharField(max_length=16)
    target_value = models.CharField(max_length=512)
    scope = models.CharField(max_length=36, blank=True)
    detail = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action_type} {self.target_value}"
