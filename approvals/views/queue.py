"""/queue/ and /queue/<id>/: the list beside the open item, each a part of the same page."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from approvals.clock import database_now
from approvals.models import Level, PendingAction
from approvals.selectors import done_today, label_of, queue_for
from approvals.views.open import detail_context, open_item
from approvals.views.present import ActionView
from approvals.views.request import is_part, person_of, person_required

#: The badge and "nothing needs you" count these groups.
_MINE = ("needs_me_now", "needs_me")


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the list with its rows."""

    key: str
    title: str
    rows: list[ActionView]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty fields narrow nothing."""

    text: str = ""
    level: str = ""

    @property
    def is_on(self) -> bool:
        """Whether anything is narrowed."""
        return bool(self.text or self.level)

    def keeps(self, action: PendingAction) -> bool:
        """Tell whether every word occurs in what the row shows, and the level fits."""
        shown = f"{label_of(action)} {action.action_type} {action.target_value} {action.proposer_name}".lower()
        return (not self.level or action.approval_level == self.level) and all(
            word in shown for word in self.text.lower().split()
        )


@person_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the list; as a part, the list alone (after a pill, a filter)."""
    context = _list_context(request, person_of(request))
    template = "approvals/_list.html" if is_part(request, "queue-list") else "approvals/queue.html"
    return render(request, template, context)


@person_required
@require_safe
def queue_item(request: HttpRequest, action_id: uuid.UUID) -> HttpResponse:
    """Show one item beside the list; as a part, the item alone. Opening it counts as having seen the evidence."""
    user = person_of(request)
    action = open_item(request, action_id)
    context = detail_context(request, action, place="queue")
    if is_part(request, "detail"):
        return render(request, "approvals/_detail.html", context)
    return render(request, "approvals/queue.html", _list_context(request, user) | context)


def _list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    level = request.GET.get("level", "")
    filters = Filters(request.GET.get("q", "").strip()[:200], level if level in Level.values else "")
    tab = "done" if request.GET.get("tab") == "done" else "open"
    every = queue_for(user)
    if tab == "done":
        groups = _groups([("done", "Done today", done_today(user))], user, filters)
    else:
        groups = _groups([(group.key, group.title, group.actions) for group in every], user, filters)
    return {
        "tab": tab,
        "groups": groups,
        "filters": filters,
        "levels": [choice for choice in Level.choices if choice[0] != Level.NONE],
        "query": request.GET.urlencode(),
        "needs": sum(len(group.actions) for group in every if group.key in _MINE),
        "waiting": sum(len(group.actions) for group in every if group.key not in _MINE),
    }


def _groups(found: list[tuple[str, str, Iterable[PendingAction]]], user: User, filters: Filters) -> list[Group]:
    now = database_now()
    groups = [
        Group(
            key,
            title,
            [ActionView(action, user, now) for action in actions if filters.keeps(action)],
        )
        for key, title, actions in found
    ]
    return [group for group in groups if group.rows]
