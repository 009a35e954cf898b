"""Who somebody is: roles, teams, and how the audit log names them. guardian stays behind this module."""

import uuid
from collections.abc import Collection

from guardian.models import UserObjectPermission

from accounts.models import Agent, Role, RoleGrant, User
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


def with_a_role(users: Collection[User]) -> set[int]:
    """Return the ids of those of the users who hold a role now; what they see is asked for each of them elsewhere."""
    active = [user.pk for user in users if user.is_active]
    return set(RoleGrant.objects.filter(user__in=active, revoked_at=None).values_list("user_id", flat=True))


def team_ids_of(user: User) -> list[uuid.UUID]:
    """Return the ids of the teams whose objects the person may see (object permission `work_in_team`)."""
    if not user.is_active:  # also false of AnonymousUser
        return []
    # guardian's get_objects_for_user() would do, at five times the cost; every page and message asks this. Groups are
    # not used: the database's own check (approvals_works_in_team) reads the same rows.
    grants = UserObjectPermission.objects.filter(
        user=user,
        permission__codename="work_in_team",
        permission__content_type__app_label="accounts",
        permission__content_type__model="team",
    )
    return [uuid.UUID(key) for key in grants.order_by("object_pk").values_list("object_pk", flat=True)]


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
