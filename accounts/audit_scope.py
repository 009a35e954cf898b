"""Which audit entries a person may read: those who oversee read all, the others their teams' and their own."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import Role, User
from accounts.people import actor_of, roles_of, team_ids_of
from audit import visibility
from audit.actors import SYSTEM
from audit.visibility import Sight

OVERSEEING = frozenset({Role.AUDITOR, Role.SOC_LEAD, Role.INCIDENT_COMMANDER, Role.MANAGER, Role.ADMIN})


def scope(viewer: User | AnonymousUser) -> Sight:
    """Return what `viewer` may read; nothing without an active account."""
    if not isinstance(viewer, User) or not viewer.is_active:
        return Sight(SYSTEM)
    actor = actor_of(viewer)
    if roles_of(viewer) & OVERSEEING:
        return Sight(actor, is_everything=True, viewer=viewer)
    teams = [str(team) for team in team_ids_of(viewer)]
    own = Q(actor_kind="person", actor_id=actor.id)
    return Sight(actor, where=own | Q(team_id__in=teams), viewer=viewer)


visibility.register(scope)
