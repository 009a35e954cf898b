"""/actions/propose/: a person takes up a recommended action. A page of its own, so it works without JavaScript."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from approvals import catalogue
from approvals.errors import NotAllowed, NotVisible, WrongFields
from approvals.models import ActionStatus
from approvals.services.recommended import Recommendation, propose_recommended, recommendation
from approvals.views.request import person_of, person_required


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def propose_from_alert(request: HttpRequest, alert_id: uuid.UUID, number: int) -> HttpResponse:
    """Show what would be proposed and ask why; a POST proposes it and goes to the new action."""
    try:
        found = recommendation(user=person_of(request), alert_id=alert_id, number=number)
        if request.method != "POST":
            return _page(request, found)
        action = propose_recommended(
            user=person_of(request), alert_id=alert_id, number=number, reason=request.POST.get("reason", "")
        )
    except NotVisible:
        raise Http404 from None
    except NotAllowed as refusal:
        return _page(request, found, status=403, error=refusal.words)
    except WrongFields as wrong:
        return _page(request, found, status=422, error=str(wrong))
    if action.status == ActionStatus.REFUSED:
        messages.warning(request, "A guardrail refused it. The refusal is on the record; nothing will be executed.")
    else:
        messages.success(request, "Proposed in your name. You cannot decide it yourself; others can.")
    return redirect("approvals:record", action_id=action.id)


def _page(request: HttpRequest, found: Recommendation, *, status: int = 200, **extra: Any) -> HttpResponse:
    kind = catalogue.get(found.action_type)
    before, _, after = (kind.sentence if kind else "{target}").partition("{target}")
    context = {
        "found": found,
        "label": kind.label if kind else found.action_type,
        "before": before,
        "after": after,
        "reason": request.POST.get("reason", "")[:4000],
        **extra,
    }
    return render(request, "approvals/propose.html", context, status=status)
