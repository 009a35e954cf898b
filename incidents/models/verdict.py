"""Verdicts: the engine's and the analysts', both kept; the difference is the override."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.models.alert import Alert, Severity


class Classification(models.TextChoices):
    """What an alert is; an abstention is suspicious with its reason."""

    TRUE_POSITIVE = "true_positive", "True positive"
    FALSE_POSITIVE = "false_positive", "False positive"
    SUSPICIOUS = "suspicious", "Suspicious"


class TriageVerdict(models.Model):
    """One engine's classification of one alert. `probability` is P(true positive)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="verdicts")
    engine = models.CharField(max_length=64)
    verdict = models.CharField(max_length=16, choices=Classification)
    severity = models.CharField(max_length=16, choices=Severity)
    probability = models.FloatField()
    confidence = models.FloatField()
    techniques = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    reasoning = models.TextField()
    #: [{"claim", "source", "ref", "weight"}]: every claim of the reasoning, with the factor behind it.
    evidence = models.JSONField(default=list)
    #: [{"type", "target": {"type", "value"}, "why"}]: catalogue types, targets that occur in the evidence.
    recommended_actions = models.JSONField(default=list)
    enrichment_needed = models.JSONField(default=list)
    vetoes = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    created_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert"], condition=Q(is_current=True), name="one_current_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} ({self.engine})"


class VerdictFeedback(models.Model):
    """An analyst's agreement or correction. Append-only; it never overwrites the engine's verdict."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="feedback")
    verdict = models.ForeignKey(TriageVerdict, null=True, on_delete=models.PROTECT, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField()
    classification = models.CharField(max_length=16, choices=Classification)
    is_override = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["alert", "-created_at"], name="feedback_of_alert")]

    def __str__(self) -> str:
        return f"{self.classification} by {self.user}"
