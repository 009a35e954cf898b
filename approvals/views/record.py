"""/actions/<id>/ the permanent record, /actions/ the list of them, /a/<id>/ the decision on a phone."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.views.open import detail_context, open_item
from approvals.views.request import person_of, person_required
from audit.selectors import trail


@person_required
@require_safe
def record(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Show everything that is on record about one action."""
    action = open_item(request, action_id)
    context = detail_context(request, action, place="record")
    context["trail"] = trail(person_of(request), object_type="action", object_id=str(action.id))
    return render(request, "approvals/record.html", context)


@person_required
@require_safe
def phone(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Show the decision in one column, for the link in a message."""
    action = open_item(request, action_id)
    return render(request, "approvals/phone.html", detail_context(request, action, place="phone"))
