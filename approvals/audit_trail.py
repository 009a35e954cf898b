"""What the audit pages need to know of actions: where they are shown, and whose words are not to be read yet."""

import uuid
from typing import Any

from django.urls import reverse

from approvals.models import ActionStatus, Decision, Level, PendingAction
from audit import links, visibility


def url(object_id: str) -> str | None:
    """Return the page of an action."""
    key = _key(object_id)
    return reverse("approvals:record", args=[key]) if key else None


def undecided(viewer: Any, object_ids: set[str]) -> set[str]:
    """Return the actions whose votes' words this viewer must not read: the independent second review is still open.

    The same rule as selectors.hidden_from. A command has no viewer and reads everything.
    """
    if viewer is None:
        return set()
    ids = [key for object_id in object_ids if (key := _key(object_id))]
    own = Decision.objects.filter(action_id__in=ids, person_id=viewer.person_id, withdrawn_at=None)
    still_open = PendingAction.objects.filter(
        pk__in=ids, status=ActionStatus.PENDING, approval_level=Level.DUAL_REQUIRED
    ).exclude(pk__in=own.values("action_id"))
    return {str(key) for key in still_open.values_list("pk", flat=True)}


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


links.register("action", url)
visibility.register_veil("approvals.action.decided", undecided)
