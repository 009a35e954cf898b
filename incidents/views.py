"""The alert pages: the list, one alert, and the form with which an analyst agrees or corrects."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AlertSource, User
from accounts.people import team_ids_of
from accounts.rest.paging import page
from accounts.rest.problems import Problem
from incidents import hooks, presentation, selectors
from incidents.models import Alert, AlertQuerySet, Classification
from incidents.search import KEYS, SearchError, Token, apply, parse
from incidents.services.feedback import VerdictRefused, give_verdict, may_give_verdict

PAGE_SIZE = 50
FACETS = ("severity", "verdict", "status", "source")


@dataclass(frozen=True, slots=True)
class FacetLink:
    """A facet as a link: `q` is the query after choosing it, or after taking it back when it is chosen."""

    value: str
    count: int
    q: str
    is_chosen: bool


@login_required
@require_GET
def list_alerts(request: HttpRequest) -> HttpResponse:
    """Show the alerts of the person's teams, newest first, narrowed by `q`."""
    user = _user(request)
    q = request.GET.get("q", "").strip()
    visible = Alert.objects.for_user(user)
    context: dict[str, Any] = {"q": q, "keys": KEYS, "cursor": request.GET.get("cursor", "")}
    try:
        tokens = parse(q)
        rows, following = page(
            selectors.for_list(apply(visible, tokens)),
            time_field="received_at",
            limit=PAGE_SIZE,
            cursor=context["cursor"] or None,
        )
    except (SearchError, Problem) as error:
        return render(request, "incidents/list.html", {**context, "error": _words(error)}, status=422)
    context |= {
        "rows": [(alert, selectors.verdict_of(alert), selectors.triage_state_of(alert)) for alert in rows],
        "next": following,
        "facets": [(key, _facet_links(visible, tokens, key)) for key in FACETS],
    }
    if not rows and not q:
        context["has_source"] = AlertSource.objects.filter(team_id__in=team_ids_of(user)).exists()
    return render(request, "incidents/list.html", context)


@login_required
@require_GET
def show_alert(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Show one alert; 404 when it does not exist for this person."""
    return _alert_page(request, _find(request, alert_id))


@login_required
@require_POST
def record_verdict(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Take an analyst's verdict from the form and return to the alert; a refusal is said on the alert's page."""
    try:
        feedback = give_verdict(
            user=_user(request),
            alert_id=alert_id,
            classification=request.POST.get("classification", ""),
            reason=request.POST.get("reason", ""),
        )
    except Alert.DoesNotExist:
        raise Http404 from None
    except VerdictRefused as refusal:
        status = 403 if refusal.code == "role" else 422
        return _alert_page(request, _find(request, alert_id), error=str(refusal), status=status)
    said = "Your correction is recorded" if feedback.is_override else "Your verdict is recorded"
    messages.success(request, f"{said}: {feedback.get_classification_display().lower()}. The engine's verdict is kept.")
    return redirect("incidents:alert", alert_id=alert_id)


def _alert_page(request: HttpRequest, alert: Alert, *, error: str = "", status: int = 200) -> HttpResponse:
    user = _user(request)
    payload = selectors.payload_of(alert)
    text, is_cut = presentation.payload_text(payload)
    context = {
        "alert": alert,
        "view": presentation.verdict_view(alert),
        "strip": presentation.time_strip(alert),
        "links": list(alert.alert_entities.all()),
        "feedback": list(alert.feedback.all()),
        "payload": payload,
        "payload_text": text,
        "payload_is_cut": is_cut,
        "classifications": Classification.choices,
        "may_decide": may_give_verdict(user),
        "panels": [html for html in (panel(user, alert) for panel in hooks.alert_panels) if html],
        "error": error,
        "reason": request.POST.get("reason", "") if error else "",
    }
    return render(request, "incidents/alert.html", context, status=status)


def _find(request: HttpRequest, alert_id: uuid.UUID) -> Alert:
    alert = selectors.find(Alert.objects.for_user(_user(request)), alert_id)
    if alert is None:
        raise Http404
    return alert


def _facet_links(visible: AlertQuerySet, tokens: list[Token], key: str) -> list[FacetLink]:
    """Return the values of one key, counted as if that key were free: choosing another is one click."""
    others = [token for token in tokens if token.key != key]
    chosen = {token.text for token in tokens if token.key == key}
    rest = " ".join(token.text for token in others)
    links = []
    for facet in selectors.facet(apply(visible, others), key):
        is_chosen = facet.token in chosen
        links.append(
            FacetLink(facet.value, facet.count, rest if is_chosen else f"{rest} {facet.token}".strip(), is_chosen)
        )
    return links


def _words(error: SearchError | Problem) -> str:
    return str(error) if isinstance(error, SearchError) else error.detail


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - behind login_required
    return request.user
