"""What the sweeper runs for this app: batches whose nudge was lost, or whose worker died with them."""

from django.core.cache import cache

from incidents.services.triage import due_batch_ids
from live.nudge import nudge
from live.sweep import register

#: A nudge is given this long: normally a worker was faster.
OVERDUE_SECONDS = 3.0
#: The same batch is not nudged again sooner: a backlog must not fill the broker with the same ids.
AGAIN_SECONDS = 20
LIMIT = 200


def nudge_due() -> int:
    """Nudge a worker for every batch that is due; return how many. The rows are the queue, nothing is moved here."""
    due = due_batch_ids(older_than_seconds=OVERDUE_SECONDS, limit=LIMIT)
    fresh = [batch_id for batch_id in due if cache.add(f"agents.nudged.{batch_id}", 1, AGAIN_SECONDS)]
    for batch_id in fresh:
        nudge("agents.triage_batch", str(batch_id))
    return len(fresh)


def register_sweeps() -> None:
    """Called once by the app's ready()."""
    register("agents.nudge_due", 2, nudge_due)
