"""Who somebody is: roles, teams, and how the audit log names them. guardian stays behind this module."""

import uuid

from guardian.shortcuts import get_objects_for_user

from accounts.models import Agent, Role, Team, User
from audit.actors import Actor

#: Roles from the most to the least powerful, for showing one of several.
RANK = (
    Role.INCIDENT_COMMANDER,
    Role.SOC_LEAD,
    Role.SENIOR_ANALYST,
    Role.ANALYST,
    Role.MANAGER,
    Role.AUDITOR,
    Role.ADMIN,
)
#: Roles that may fill a slot of some action or give a verdict.
DECIDING = frozenset({Role.ANALYST, Role.SENIOR_ANALYST, Role.SOC_LEAD, Role.INCIDENT_COMMANDER})


def roles_of(user: User) -> frozenset[str]:
    """Return the roles held now; none for an inactive or anonymous account."""
    if not user.is_active:  # also false of AnonymousUser
        return frozenset()
    return frozenset(user.role_grants.filter(revoked_at=None).values_list("role", flat=True))


def team_ids_of(user: User) -> list[uuid.UUID]:
    """Return the ids of the teams whose objects the person may see (object permission `work_in_team`)."""
    if not user.is_active:  # also false of AnonymousUser
        return []
    teams = get_objects_for_user(user, "accounts.work_in_team", klass=Team, with_superuser=False)
    return list(teams.values_list("id", flat=True))


def main_role(user: User) -> str:
    """Return the most powerful role held, or an empty string."""
    held = roles_of(user)
    return next((role.value for role in RANK if role in held), "")


def actor_of(user: User) -> Actor:
    """Return how the audit log names this person: the human's stable id, the account's name, the role now."""
    return Actor(kind="person", id=str(user.person_id), name=user.username, role=main_role(user))


def actor_of_agent(agent: Agent) -> Actor:
    """Return how the audit log names this agent."""
    return Actor(kind="agent", id=str(agent.id), name=agent.name)
