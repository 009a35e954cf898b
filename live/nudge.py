"""nudge(): wake a worker after the commit. Losing every nudge loses nothing: sweepers find the rows."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def nudge(task: str, *args: str) -> None:
    """Send the Celery task named `task` once the surrounding transaction has committed."""

    def send() -> None:
        try:
            current_app.send_task(task, args=args, retry=False)
        except (OperationalError, OSError) as error:
            # The sweeper finds the row within seconds; a broker that is away must not fail a decision.
            logger.warning("nudge.lost", extra={"task_name": task, "error": type(error).__name__})

    transaction.on_commit(send)
