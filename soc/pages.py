"""The pages that belong to no app: the way home and the help."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role, User
from accounts.people import DECIDING, roles_of


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Go where the person's work is: deciders to the queue, managers to the metrics, auditors to the audit log."""
    assert isinstance(request.user, User)  # noqa: S101 - login_required saw to it
    roles = roles_of(request.user)
    if roles & DECIDING:
        return redirect("/queue/")
    if Role.MANAGER in roles:
        return redirect("/metrics/")
    if Role.AUDITOR in roles:
        return redirect("/audit/")
    return redirect("/alerts/")


def no_mail(request: HttpRequest) -> HttpResponse:
    """Stand in for allauth's pages that would send e-mail, which nothing here does: say who helps instead."""
    return render(request, "errors/no_mail.html", status=404)


@login_required
def show_help(request: HttpRequest) -> HttpResponse:
    """Show the keys, the levels and the words."""
    return render(request, "help/help.html")
