"""The agents' page."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from agents.selectors import agents_for, engine_for


@login_required
@require_GET
def list_agents(request: HttpRequest) -> HttpResponse:
    """Show the embedded engine and the agents of the person's teams."""
    if not isinstance(request.user, User):
        raise Http404
    context = {"engine": engine_for(request.user), "rows": agents_for(request.user, now=timezone.now())}
    return render(request, "agents/list.html", context)
