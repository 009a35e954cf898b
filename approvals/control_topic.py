"""The live partial of a stop: the strip of every page, and a word on the control page."""

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from accounts.models import User
from approvals.control_selectors import strip_for
from approvals.models import Stop
from audit import links
from live.topics import register


def render_control(viewer: User, object_id: str) -> str | None:
    """Return the strip as it is now for this viewer, or None where the stop does not concern them."""
    try:
        if not Stop.objects.for_user(viewer).filter(pk=object_id).exists():
            return None
    except ValidationError:
        return None
    return render_to_string("approvals/control_live.html", {"stops": strip_for(viewer)})


def url(object_id: str) -> str | None:
    """Return where a stop is shown; the audit log links to it."""
    return f"/control/#stop-{object_id}"


register("control", render_control)
links.register("control", url)
