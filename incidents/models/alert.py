"""An alert: one detection by a source, kept with its raw payload beside it, never in it."""

import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from accounts.models import AlertSource, Team, User
from accounts.people import team_ids_of


class Severity(models.TextChoices):
    """Bands of severity_score: critical >= 9, high >= 7, medium >= 4, low below."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlertStatus(models.TextChoices):
    NEW = "new"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class TriageState(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class IngestBatch(models.Model):
    """What arrived together: the unit of one INSERT, one audit entry, one event and one triage task."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(AlertSource, on_delete=models.PROTECT, related_name="batches")
    received_at = models.DateTimeField()
    created = models.IntegerField(default=0)
    duplicates = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    triage_state = models.CharField(max_length=16, choices=TriageState, default=TriageState.PENDING)
    triage_fence = models.IntegerField(default=0)
    triage_lease_until = models.DateTimeField(null=True, blank=True)
    triage_attempts = models.IntegerField(default=0)
    triage_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["received_at"], condition=~Q(triage_state="done"), name="batch_untriaged")
        ]

    def __str__(self) -> str:
        return f"batch {self.id}"


class AlertQuerySet(models.QuerySet["Alert"]):
    """Reads of alerts: who is asking comes first; what they may not see does not exist for them."""

    def for_user(self, user: User) -> "AlertQuerySet":
        """Return the alerts of the person's teams."""
        return self.for_teams(team_ids_of(user))

    def for_teams(self, team_ids: Iterable[uuid.UUID]) -> "AlertQuerySet":
        """Return the alerts of these teams (an API principal's `team_ids`)."""
        return self.filter(team_id__in=list(team_ids))


class Alert(models.Model):
    """One detection, normalised. Every text in it was written by a source and perhaps by an attacker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # alert_list begins with the team: an index of its own would only slow ingestion down.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    source = models.ForeignKey(AlertSource, on_delete=models.PROTECT, related_name="alerts")
    batch = models.ForeignKey(IngestBatch, on_delete=models.PROTECT, related_name="alerts")
    format = models.CharField(max_length=64)
    external_id = models.CharField(max_length=256, blank=True)
    title = models.CharField(max_length=512)
    description = models.TextField(blank=True)
    detection_id = models.CharField(max_length=256, blank=True)
    detection_name = models.CharField(max_length=512, blank=True)
    severity = models.CharField(max_length=16, choices=Severity)
    severity_score = models.FloatField(help_text="0 to 10")
    #: "source" or "default": whether the payload (or the rule that matched) named a severity at all.
    severity_origin = models.CharField(max_length=16, default="source")
    occurred_at = models.DateTimeField(null=True, blank=True)
    detected_at = models.DateTimeField()
    received_at = models.DateTimeField()
    last_seen = models.DateTimeField()
    triaged_at = models.DateTimeField(null=True, blank=True)
    techniques = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    #: What the parser could not take at face value ("the key x stood twice; the last was kept").
    notes = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    fingerprint = models.CharField(max_length=64)
    #: The window that the fingerprint is unique in: detected_at floored to the deduplication window.
    window_at = models.DateTimeField()
    count = models.IntegerField(default=1)
    status = models.CharField(max_length=16, choices=AlertStatus, default=AlertStatus.NEW)
    triage_state = models.CharField(max_length=16, choices=TriageState, default=TriageState.PENDING)
    revision = models.IntegerField(default=1)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "fingerprint", "window_at"], name="one_alert_per_window"),
            models.CheckConstraint(
                condition=Q(severity_score__gte=0, severity_score__lte=10), name="severity_in_range"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["team", "-received_at", "-id"], name="alert_list"),
            models.Index(fields=["detection_id"], name="alert_detection"),
            GinIndex(fields=["techniques"], name="alert_techniques"),
        ]

    def __str__(self) -> str:
        return self.title


class AlertPayload(models.Model):
    """The raw payload as it came, with the hash of its bytes; repeats keep theirs too."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="payloads")
    received_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    #: JSON text (not jsonb: it must keep key order, repeated keys and escaped NULs). Empty for a repeat.
    raw = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.sha256
