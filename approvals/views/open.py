"""Opening an action's page: found or not there, its evidence noted as seen, its draft given back."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest

from approvals.clock import database_now
from approvals.errors import NotVisible
from approvals.models import PendingAction, ReasonCode
from approvals.proof import proof_of
from approvals.selectors import get
from approvals.services.evidence import mark_seen
from approvals.views.present import ActionView
from approvals.views.request import is_part, is_prefetch, person_of


def find(request: HttpRequest, action_id: uuid.UUID) -> PendingAction:
    """Return the action, or 404 for what is not there or not this person's to see."""
    try:
        return get(user=person_of(request), action_id=action_id)
    except NotVisible:
        raise Http404 from None


def find_bare(request: HttpRequest, action_id: uuid.UUID) -> PendingAction:
    """Return the action without what pages show of it, for a form that will be judged by a service; or 404."""
    action = PendingAction.objects.for_user(person_of(request)).filter(pk=action_id).first()
    if action is None:
        raise Http404
    return action


def open_item(request: HttpRequest, action_id: uuid.UUID) -> PendingAction:
    """Return the action and note that its page was opened, unless a browser only fetched it ahead."""
    action = find(request, action_id)
    if request.method == "GET" and not is_prefetch(request):
        mark_seen(user=person_of(request), action=action)
    return action


def detail_context(request: HttpRequest, action: PendingAction, *, place: str, **extra: Any) -> dict[str, Any]:
    """Return the template variables of one item. `place` is queue, phone or record; `extra` a result or an error."""
    return {
        "item": ActionView(action, person_of(request), database_now(), proof_of(request)),
        "place": place,
        "is_part": is_part(request, "detail"),
        "reasons": ReasonCode.choices,
        "draft": request.session.pop(draft_key(action.id), None) or {},
        **extra,
    }


def draft_key(action_id: uuid.UUID) -> str:
    """Name the session's place for a form that was interrupted by a step-up."""
    return f"draft:{action_id}"
