"""The worker's door: messages hold an id and no authority."""

import uuid

from celery import shared_task

from approvals.services.execute import execute


@shared_task(name="approvals.execute_action", ignore_result=True, time_limit=120, max_retries=0)
def execute_action(action_id: str) -> str:
    """Execute an approved action, or say why not; safe to deliver any number of times."""
    return execute(action_id=uuid.UUID(action_id))
