"""What changed, durably: a pointer per change, never its content. Sockets may lose messages, these rows do not."""

from typing import ClassVar

from django.db import models
from django.db.models import Func


class ClockTime(Func):
    """The database's clock at this statement, not at the start of the transaction."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()


class CurrentTransaction(Func):
    """The id of the transaction that writes the row."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class OldestOpenTransaction(Func):
    """The oldest transaction still open when the row is written; whatever is older has ended and was seen."""

    template = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    output_field = models.BigIntegerField()


class LiveEvent(models.Model):
    """One change of one object. Ids are handed out in order but commit in any order: see `live.selectors`."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    revision = models.BigIntegerField()
    team_id = models.UUIDField(null=True)
    at = models.DateTimeField(db_default=ClockTime())
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())
    oldest_open_id = models.BigIntegerField(db_default=OldestOpenTransaction())

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["transaction_id"], name="live_event_transaction"),
            models.Index(fields=["at"], name="live_event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.kind} {self.object_type}/{self.object_id}@{self.revision}"
