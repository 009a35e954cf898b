"""The worker's door: messages hold an id and no authority."""

import uuid

from celery import shared_task

from agents.services import triage_batch as service


@shared_task(name="agents.triage_batch", ignore_result=True, time_limit=110, max_retries=0)
def triage_batch(batch_id: str) -> int:
    """Triage a batch, or do nothing; safe to deliver any number of times. The lease outlives the time limit."""
    return service.triage_batch(batch_id=uuid.UUID(batch_id))
