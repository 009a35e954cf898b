"""/control/: what is stopped, stopping more, and lifting by two. Plain forms; nothing here needs JavaScript."""

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from approvals.control_selectors import Confirmer, choices_for, confirmers_of, history_for, unlifted_for
from approvals.errors import NotAllowed, NotVisible, WrongFields
from approvals.models import Stop, StopKind, StopScope
from approvals.proof import proof_of
from approvals.services.control import (
    Order,
    StopMovedOn,
    confirm_lift,
    in_flight,
    may_control,
    request_lift,
    set_stop,
    withdraw_lift_request,
)
from approvals.views.request import person_of, person_required

#: What is typed to stop or freeze everything; it guards this form only.
TYPED = "everything"
_DRAFT = "draft:control"


class StopView:
    """One stop with what this person may do about it."""

    def __init__(self, stop: Stop, viewer: User) -> None:
        self.stop = stop
        self.may = may_control(viewer, stop.kind)
        self.is_requested = stop.lift_requested_at is not None
        self.is_own_request = stop.lift_requested_person_id == viewer.person_id

    @property
    def may_confirm(self) -> bool:
        """Whether this person is a second one."""
        return self.may and self.is_requested and not self.is_own_request

    @property
    def confirmers(self) -> list[Confirmer]:
        """Who else may confirm."""
        return confirmers_of(self.stop)


@person_required
@require_safe
def control(request: HttpRequest) -> HttpResponse:
    """Show what is stopped and frozen, the forms, and the history."""
    return _page(request, draft=request.session.pop(_DRAFT, None))


@person_required
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stop or freeze what the form names, at once."""
    scope, _, key = request.POST.get("target", "").partition(":")
    try:
        if scope == StopScope.ALL and request.POST.get("typed", "").strip().lower() != TYPED:
            raise WrongFields([{"field": "typed", "error": f"type the word {TYPED} to confirm"}])
        stored = set_stop(user=person_of(request), order=_order(request, scope, key))
    except NotAllowed as refusal:
        return _page(request, status=403, error=refusal.words)
    except StopMovedOn as moved:
        return _page(request, status=409, error=moved.words)
    except WrongFields as wrong:
        fields = {item["field"]: item["error"] for item in wrong.errors}
        error = "Nothing was stopped yet."
        return _page(request, status=422, error=error, fields=fields, draft=request.POST.dict())
    _say_stopped(request, stored)
    return redirect("approvals:control")


@person_required
@require_POST
def ask_to_lift(request: HttpRequest, stop_id: uuid.UUID) -> HttpResponse:
    """Ask for a stop to be lifted."""
    reason = request.POST.get("reason", "")
    try:
        request_lift(user=person_of(request), stop_id=stop_id, reason=reason, proof=proof_of(request))
    except (NotVisible, NotAllowed, StopMovedOn, WrongFields) as refusal:
        return _refused(request, refusal, stop_id, reason)
    messages.success(request, "Asked. It still holds until a second person confirms here.")
    return redirect("approvals:control")


@person_required
@require_POST
def withdraw_request(request: HttpRequest, stop_id: uuid.UUID) -> HttpResponse:
    """Take a request back."""
    try:
        withdraw_lift_request(user=person_of(request), stop_id=stop_id)
    except (NotVisible, NotAllowed, StopMovedOn) as refusal:
        return _refused(request, refusal, stop_id)
    messages.success(request, "The request is taken back. It still holds.")
    return redirect("approvals:control")


@person_required
@require_POST
def lift(request: HttpRequest, stop_id: uuid.UUID) -> HttpResponse:
    """Confirm a request as the second person."""
    revision = request.POST.get("revision", "")
    try:
        lifted = confirm_lift(
            user=person_of(request),
            stop_id=stop_id,
            revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0,
            proof=proof_of(request),
        )
    except (NotVisible, NotAllowed, StopMovedOn) as refusal:
        return _refused(request, refusal, stop_id)
    messages.success(request, f"Lifted: the {lifted}. What waited is tried again within seconds.")
    return redirect("approvals:control")


def _order(request: HttpRequest, scope: str, key: str) -> Order:
    kind = request.POST.get("kind", "")
    is_freeze = kind == StopKind.CHANGE_FREEZE
    return Order(
        kind=kind,
        scope=scope,
        key=key,
        reason=request.POST.get("reason", ""),
        starts_at=_utc(request, "starts_at") if is_freeze else None,
        ends_at=_utc(request, "ends_at") if is_freeze else None,
    )


def _utc(request: HttpRequest, field: str) -> dt.datetime | None:
    """Read a datetime-local field as UTC. Raises WrongFields."""
    text = request.POST.get(field, "").strip()
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise WrongFields([{"field": field, "error": "a date and a time, in UTC"}]) from None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _say_stopped(request: HttpRequest, stored: Stop) -> None:
    if stored.kind == StopKind.CHANGE_FREEZE:
        messages.success(request, f"Set: the {stored}. Nothing it covers proceeds without a person meanwhile.")
        return
    words = f"Stopped: {stored.what}. Nothing new is dispatched; what was approved waits."
    under_way = in_flight(stop=stored)
    if under_way:
        words += (
            f" {under_way} effect{'s were' if under_way > 1 else ' was'} on the way already and cannot be called back."
        )
    messages.success(request, words)


def _refused(request: HttpRequest, refusal: Exception, stop_id: uuid.UUID, reason: str = "") -> HttpResponse:
    if isinstance(refusal, NotVisible):
        raise Http404
    draft = {"lift": str(stop_id), "lift_reason": reason[:1000]}
    if isinstance(refusal, NotAllowed):
        if refusal.code == "step_up_required":
            request.session[_DRAFT] = draft
            back = urlencode({"next": f"{reverse('approvals:control')}#stop-{stop_id}"})
            return redirect(f"{reverse('account_reauthenticate')}?{back}")
        return _page(request, status=403, error=refusal.words)
    if isinstance(refusal, StopMovedOn):
        return _page(request, status=409, error=refusal.words)
    return _page(request, status=422, error=f"{refusal}. Nothing changed.", draft=draft)


def _page(
    request: HttpRequest, *, status: int = 200, draft: dict[str, Any] | None = None, **extra: Any
) -> HttpResponse:
    user = person_of(request)
    context = {
        "active": [StopView(item, user) for item in unlifted_for(user)],
        "history": list(history_for(user)),
        "groups": choices_for(user),
        "may_stop": may_control(user, StopKind.KILL_SWITCH),
        "may_freeze": may_control(user, StopKind.CHANGE_FREEZE),
        "typed_word": TYPED,
        "draft": draft or {"target": request.GET.get("target", "")},
        **extra,
    }
    return render(request, "approvals/control.html", context, status=status)
