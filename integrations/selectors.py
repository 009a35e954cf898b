"""Reads of the simulated estate. The first thing each takes is who looks: hosts and users belong to teams.

Effects and blocks carry no team: what a person sees of them are the effects of their teams' actions
(hooks.visible_keys) and the blocks that those made.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from accounts.models import User
from accounts.people import team_ids_of
from integrations import hooks
from integrations.models import EstateBlock, EstateEffect, EstateHost, EstateUser

JOURNAL = 50
LISTED = 200
#: What a list can be narrowed to: value -> words.
SHOWS = {"": "Everything", "changed": "Changed only"}


@dataclass(frozen=True, slots=True)
class Estate:
    """What a person sees of it; `changed_at` is the newest change among all of theirs, whatever is narrowed."""

    hosts: list[EstateHost]
    users: list[EstateUser]
    blocks: list[EstateBlock]
    journal: list[EstateEffect]
    isolated: int
    disabled: int
    blocked: int
    host_count: int
    user_count: int
    changed_at: dt.datetime | None


def estate_for(user: User, *, text: str = "", show: str = "") -> Estate:
    """Return the person's part of the estate: names that contain `text`, and with show="changed" only what differs."""
    teams = team_ids_of(user)
    hosts, users = EstateHost.objects.filter(team_id__in=teams), EstateUser.objects.filter(team_id__in=teams)
    journal = _journal(user)
    blocks = EstateBlock.objects.filter(scope__in=[str(team) for team in teams]).order_by("-is_active", "-changed_at")
    counts = (
        hosts.filter(is_isolated=True).count(),
        users.filter(is_enabled=False).count(),
        blocks.filter(is_active=True).count(),
        hosts.count(),
        users.count(),
    )
    changed_at = journal.aggregate(newest=Max("at"))["newest"]
    if text:
        hosts = hosts.filter(Q(name__icontains=text) | Q(owner__icontains=text) | Q(service__icontains=text))
        users = users.filter(Q(name__icontains=text) | Q(department__icontains=text))
        blocks = blocks.filter(value__icontains=text)
        journal = journal.filter(Q(target_value__icontains=text) | Q(action_type__icontains=text))
    if show == "changed":
        hosts, users = hosts.exclude(changed_at=None), users.exclude(changed_at=None)
    return Estate(
        list(hosts.select_related("team")[:LISTED]),
        list(users.select_related("team")[:LISTED]),
        list(blocks[:LISTED]),
        list(journal[:JOURNAL]),
        *counts,
        changed_at,
    )


def _journal(user: User) -> QuerySet[EstateEffect]:
    mine = Q(pk__in=[])
    for keys in hooks.visible_keys:
        mine |= Q(key__in=keys(user))
    return EstateEffect.objects.filter(mine)
