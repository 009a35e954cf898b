"""POSTs of the pages: decide, roll back, settle. The services judge; here are only words, statuses and the way back."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from approvals.errors import MovedOn, NotAllowed, NotVisible, WrongFields
from approvals.models import DecisionKind, Level, PendingAction
from approvals.proof import proof_of
from approvals.services.decide import Vote
from approvals.services.decide import decide as cast_vote
from approvals.services.reconcile import settle
from approvals.services.rollback import propose_rollback
from approvals.views.open import detail_context, draft_key, find, find_bare
from approvals.views.request import is_htmx, person_of, person_required

_PLACES = {
    "queue": "approvals:queue_item",
    "phone": "approvals:phone",
    "record": "approvals:record",
}
_TEMPLATES = {
    "queue": "approvals/queue_one.html",
    "phone": "approvals/phone.html",
    "record": "approvals/record.html",
}


@person_required
@require_POST
def decide(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Cast the vote of the form; answer with the item as it stands then."""
    action = find_bare(request, action_id)
    vote = Vote(
        decision=request.POST.get("decision", ""),
        digest=request.POST.get("digest", ""),
        reason_code=request.POST.get("reason_code", "") if request.POST.get("decision") == DecisionKind.REJECT else "",
        comment=request.POST.get("comment", "").replace("\r\n", "\n"),
    )
    if words := _typed_wrong(request, action, vote):
        return _again(
            request,
            action,
            422,
            error="Nothing was decided yet.",
            fields={"target_typed": words},
            typed=_typed(request),
        )
    try:
        action = cast_vote(
            user=person_of(request),
            action_id=action_id,
            vote=vote,
            proof=proof_of(request),
        )
    except NotVisible:
        raise Http404 from None
    except NotAllowed as refusal:
        if refusal.code == "step_up_required":
            return _step_up(request, action)
        return _again(
            request,
            action,
            403,
            error=refusal.words,
            typed=_typed(request),
        )
    except MovedOn as moved:
        return _again(
            request,
            action,
            409,
            error=moved.words,
            moved=_difference(request, moved),
        )
    except WrongFields as wrong:
        fields = {item["field"]: item["error"] for item in wrong.errors}
        return _again(
            request,
            action,
            422,
            error="Nothing was decided yet.",
            fields=fields,
            typed=_typed(request),
        )
    return _done(request, action, _result_words(action, vote))


@person_required
@require_POST
def roll_back(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Propose the inverse as a new action and go to it."""
    action = find_bare(request, action_id)
    try:
        proposed = propose_rollback(
            user=person_of(request),
            action_id=action_id,
            reason=request.POST.get("reason", "")[:1000],
        )
    except (NotAllowed, MovedOn) as refusal:
        status = 403 if isinstance(refusal, NotAllowed) else 409
        return _again(request, action, status, error=refusal.words)
    except WrongFields as wrong:
        return _again(request, action, 422, error=str(wrong))
    messages.success(
        request,
        "The rollback is proposed as an action of its own; it needs its own approval.",
    )
    return _go(request, reverse("approvals:record", args=[proposed.id]))


@person_required
@require_POST
def settle_outcome(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Record how an unknown outcome ended, in the words of a named person."""
    action = find_bare(request, action_id)
    happened = request.POST.get("happened", "")
    if happened not in ("yes", "no"):
        return _again(request, action, 422, error="Say whether it happened. Nothing was changed.")
    try:
        settle(
            user=person_of(request),
            action_id=action_id,
            happened=happened == "yes",
            evidence=request.POST.get("evidence", ""),
        )
    except (NotAllowed, MovedOn) as refusal:
        status = 403 if isinstance(refusal, NotAllowed) else 409
        return _again(request, action, status, error=refusal.words)
    except WrongFields:
        return _again(request, action, 422, error="Say how you know. Nothing was changed.")
    messages.success(request, "The outcome is settled and on the record.")
    return _go(request, reverse("approvals:record", args=[action_id]))


def _typed_wrong(request: HttpRequest, action: PendingAction, vote: Vote) -> str:
    """Guard the form alone (contract.md): who approves a dual action types its target."""
    if vote.decision != DecisionKind.APPROVE or action.approval_level != Level.DUAL_REQUIRED:
        return ""
    if request.POST.get("target_typed", "").strip() == action.target_value:
        return ""
    return f"Type the target exactly as it stands here: {action.target_value}"


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:4000] for name in ("decision", "reason_code", "comment", "target_typed")}


def _place(request: HttpRequest) -> str:
    place = request.POST.get("place", "queue")
    return place if place in _PLACES else "queue"


def _step_up(request: HttpRequest, action: PendingAction) -> HttpResponse:
    """Send the person to prove who they are; what they typed waits in the session."""
    request.session[draft_key(action.id)] = _typed(request)
    back = reverse(_PLACES[_place(request)], args=[action.id])
    return _go(request, f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}")


def _again(
    request: HttpRequest,
    action: PendingAction,
    status: int,
    *,
    typed: dict[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Show the item again with what went wrong; the status says which kind of wrong."""
    place = _place(request)
    context = detail_context(request, find(request, action.id), place=place, **extra)
    context["draft"] = typed or context["draft"]
    template = "approvals/_detail.html" if is_htmx(request) else _TEMPLATES[place]
    return render(request, template, context, status=status)


def _done(request: HttpRequest, action: PendingAction, words: str) -> HttpResponse:
    place = _place(request)
    if is_htmx(request):
        fresh = find(request, action.id)
        context = detail_context(request, fresh, place=place, result=words)
        return render(request, "approvals/_decided.html", context)
    messages.success(request, words)
    return redirect(reverse(_PLACES[place], args=[action.id]))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    if not is_htmx(request):
        return redirect(url)
    return HttpResponse(status=204, headers={"HX-Redirect": url})


def _result_words(action: PendingAction, vote: Vote) -> str:
    if vote.decision == DecisionKind.REJECT:
        return "Rejected. Nothing will be executed; the reason is on the record."
    if action.status == "pending":
        return "Your approval is recorded. A second person has to agree before anything happens."
    return "Approved. The worker takes it from here; the result appears on this page."


def _difference(request: HttpRequest, moved: MovedOn) -> dict[str, str]:
    return {
        "code": moved.code,
        "shown_digest": request.POST.get("digest", "")[:64],
        "shown_status": request.POST.get("shown_status", "")[:20],
        "now_digest": moved.action.digest,
        "now_status": str(moved.action.get_status_display()),
    }
