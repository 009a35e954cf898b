"""Reads of stops and freezes, shaped for the strip, the control page and the API."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Agent, Role, User
from accounts.people import RANK, team_ids_of
from approvals import catalogue
from approvals.clock import database_now
from approvals.models import Stop, StopScope
from approvals.models.control import ENTITLED
from integrations.registry import connectors

HISTORY = 50
#: More names than this help nobody to find the second person.
NAMES = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be stopped; `value` is "scope:key"."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """A heading of the form's list."""

    label: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Confirmer:
    """A person who may confirm a lift, with the role that lets them."""

    name: str
    role: str


def strip_for(user: User) -> list[Stop]:
    """Return what is in force and concerns the person: one query while nothing of one agent is stopped."""
    rows = Stop.objects.in_force(database_now()).select_related("set_by").order_by("kind", "set_at")
    found = list(rows)
    if all(stop.team_id is None for stop in found):
        return found
    teams = set(team_ids_of(user))
    return [stop for stop in found if stop.team_id is None or stop.team_id in teams]


def unlifted_for(user: User) -> QuerySet[Stop]:
    """Return what is in force and the freezes to come, newest first."""
    rows = Stop.objects.for_user(user).unlifted(database_now())
    return rows.select_related("set_by", "lift_requested_by").order_by("-set_at", "-pk")


def history_for(user: User) -> QuerySet[Stop]:
    """Return what was lifted or ended by itself, the last set first."""
    rows = Stop.objects.for_user(user).over(database_now())
    return rows.select_related("set_by", "lift_requested_by", "lifted_by").order_by("-set_at", "-pk")[:HISTORY]


def choices_for(user: User) -> list[ChoiceGroup]:
    """Return what the person can stop, by kind."""
    agents = Agent.objects.filter(team_id__in=team_ids_of(user)).order_by("name")
    return [
        ChoiceGroup("Everything", [Choice(f"{StopScope.ALL}:", "Everything: every agent, type and connector")]),
        ChoiceGroup("Agents", [Choice(f"{StopScope.AGENT}:{agent.id}", agent.name) for agent in agents]),
        ChoiceGroup(
            "Action types",
            [Choice(f"{StopScope.ACTION_TYPE}:{key}", kind.label) for key, kind in sorted(catalogue.CATALOGUE.items())],
        ),
        ChoiceGroup("Connectors", [Choice(f"{StopScope.CONNECTOR}:{item.key}", item.label) for item in connectors()]),
    ]


def confirmers_of(stop: Stop) -> list[Confirmer]:
    """Return people who may confirm the request: entitled, of the stop's team if it has one, not who asked."""
    asker = stop.lift_requested_person_id
    if asker is None:
        return []
    people = (
        User.objects.filter(is_active=True, role_grants__revoked_at=None, role_grants__role__in=ENTITLED[stop.kind])
        .exclude(person_id=asker)
        .distinct()
        .order_by("username")
        .prefetch_related("role_grants")
    )
    found = [
        Confirmer(person.username, _role(person, stop))
        for person in people[: NAMES * 4]
        if stop.team_id is None or stop.team_id in team_ids_of(person)
    ]
    return found[:NAMES]


def _role(person: User, stop: Stop) -> str:
    held = {grant.role for grant in person.role_grants.all() if grant.revoked_at is None}
    return next((str(Role(role).label) for role in RANK if role in held & ENTITLED[stop.kind]), "")
