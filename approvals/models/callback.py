"""What is sent to an action's callback_url: one row per event, written with the move it tells of."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from approvals.models.action import PendingAction


class CallbackState(models.TextChoices):
    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"


class CallbackDelivery(models.Model):
    """One event on its way to the agent. Event, body and id never change: a receiver knows a repeat by `webhook_id`."""

    action = models.ForeignKey(PendingAction, on_delete=models.PROTECT, related_name="callbacks")
    #: "action." and the status that the action moved to.
    event = models.CharField(max_length=32)
    webhook_id = models.CharField(max_length=64, unique=True)
    #: JSON in ASCII: exactly these bytes are signed and sent.
    body = models.TextField()
    state = models.CharField(max_length=16, choices=CallbackState, default=CallbackState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    #: Until then somebody is sending it; afterwards whoever was is taken for dead.
    lease_until = models.DateTimeField(null=True, blank=True)
    #: The HTTP status of the last answer; null where there was none.
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="pending", ended_at=None) | ~Q(state="pending") & Q(ended_at__isnull=False),
                name="a_callback_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(lease_until=None), name="only_waiting_callbacks_are_leased"
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(last_status__gte=200, last_status__lte=299),
                name="delivered_means_a_2xx",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at", "id"], condition=Q(state="pending"), name="callback_due")
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.webhook_id}"
