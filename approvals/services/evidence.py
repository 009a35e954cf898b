"""mark_seen(): that a person opened an action's page. No state of the action, so no audit entry."""

from accounts.models import User
from approvals.clock import database_now
from approvals.models import EvidenceView, PendingAction


def mark_seen(*, user: User, action: PendingAction) -> None:
    """Note the first opening; later ones change nothing."""
    EvidenceView.objects.get_or_create(action=action, user=user, defaults={"first_seen_at": database_now()})
