"""The live partial of an action, for whoever may see it."""

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from accounts.models import User
from approvals.clock import database_now
from approvals.errors import NotVisible
from approvals.models import ReasonCode
from approvals.selectors import get, needs_me_count
from approvals.views.present import ActionView
from live.topics import register


def render_action(viewer: User, object_id: str) -> str | None:
    """Return the row and pane partials of this viewer, or None where the action is not theirs to see."""
    try:
        action = get(user=viewer, action_id=object_id)  # type: ignore[arg-type]
    except (NotVisible, ValidationError):
        return None
    context = {
        "item": ActionView(action, viewer, database_now()),
        "reasons": ReasonCode.choices,
        "count": needs_me_count(viewer),
    }
    return render_to_string("approvals/live.html", context)


register("action", render_action)
