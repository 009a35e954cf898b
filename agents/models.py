"""The engine's memory: verdicts as it learnt them, and what it has seen of every rule on every host."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Team
from incidents.models import VerdictFeedback


class LearntVerdict(models.Model):
    """One analyst's verdict with the keys of its alert, so that learning needs no payloads again.

    `is_true` is empty for "suspicious": the row then only says that the feedback was looked at.
    """

    feedback = models.OneToOneField(VerdictFeedback, primary_key=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    alert_id = models.UUIDField()
    person_id = models.UUIDField()
    is_true = models.BooleanField(null=True)
    family_key = models.CharField(max_length=300)
    detection_key = models.CharField(max_length=330)
    rule_key = models.CharField(max_length=300)
    host = models.CharField(max_length=512, blank=True)
    repeats = models.IntegerField(default=1)
    techniques = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    #: The raw logit the engine had given before calibration; empty without a verdict of this engine.
    score = models.FloatField(null=True)
    judged_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["team", "-judged_at"], name="learnt_newest")]

    def __str__(self) -> str:
        return f"{self.rule_key}: {self.is_true}"


class SeenPair(models.Model):
    """A rule on a host of a team: how often, since when, and its events per hour (logarithms, Welford)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    rule_key = models.CharField(max_length=300)
    host = models.CharField(max_length=512, blank=True)
    sightings = models.BigIntegerField(default=0)
    #: Seconds since 1970, as the engine counts.
    first_at = models.FloatField()
    last_at = models.FloatField()
    #: What its last alert adds to the context of others on the host (Assessment.excess).
    last_excess = models.FloatField(default=0.0)
    hour = models.BigIntegerField(default=0)
    hour_n = models.BigIntegerField(default=0)
    before_n = models.BigIntegerField(default=0)
    in_burst = models.BooleanField(default=False)
    volume_n = models.IntegerField(default=0)
    volume_mean = models.FloatField(default=0.0)
    volume_squares = models.FloatField(default=0.0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "host", "rule_key"], name="one_row_per_rule_and_host")
        ]

    def __str__(self) -> str:
        return f"{self.rule_key} on {self.host}"


class RuleVolume(models.Model):
    """A rule's events per hour over all hosts of a team (logarithms, Welford)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    rule_key = models.CharField(max_length=300)
    volume_n = models.IntegerField(default=0)
    volume_mean = models.FloatField(default=0.0)
    volume_squares = models.FloatField(default=0.0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["team", "rule_key"], name="one_volume_per_rule")]

    def __str__(self) -> str:
        return self.rule_key
