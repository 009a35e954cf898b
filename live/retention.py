"""How long events are kept: longer than any page stays open unwatched, shorter than the table gets slow."""

from datetime import timedelta

from django.db.models.functions import Now

from live.models import LiveEvent
from live.selectors import latest_id

KEEP = timedelta(days=7)
BATCH = 10_000


def prune() -> int:
    """Delete a batch of events older than KEEP and return how many; the newest stays, pages refer to it."""
    old = LiveEvent.objects.filter(at__lt=Now() - KEEP, id__lt=latest_id()).order_by("id").values("id")[:BATCH]
    deleted, _ = LiveEvent.objects.filter(id__in=old).delete()
    return deleted
