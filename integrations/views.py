"""The page of the simulated estate: what approved actions have really changed."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from integrations import selectors

_LONGEST = 100


@require_safe
@login_required
def estate(request: HttpRequest) -> HttpResponse:
    """Show hosts, users, blocks and the journal of effects, narrowed by `q` and `show`."""
    assert isinstance(request.user, User)  # noqa: S101 (login_required)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_LONGEST]
    show = request.GET.get("show", "")
    show = show if show in selectors.SHOWS else ""
    context = {
        "estate": selectors.estate_for(request.user, text=text, show=show),
        "text": text,
        "show": show,
        "shows": selectors.SHOWS,
        "listed": selectors.LISTED,
        "journal_length": selectors.JOURNAL,
    }
    return render(request, "integrations/estate.html", context)
