"""Changes to people, roles, teams, agents, sources and tokens; each with its audit entry."""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm, remove_perm

from accounts.models import Agent, AlertSource, ApiToken, Role, RoleGrant, Scope, Team, User
from audit.actors import SYSTEM, Actor
from audit.services import record

TOKEN_BYTES = 32
#: What every token of this product starts with, so that secret scanners can find a leaked one.
TOKEN_MARK = "csg_"  # noqa: S105 - a public prefix, not a secret


class AccountError(ValueError):
    """A change that cannot be made; the text says why, and nothing was stored."""


@transaction.atomic
def create_team(*, slug: str, name: str) -> Team:
    """Return the team, creating it where it is missing."""
    team, _ = Team.objects.get_or_create(slug=slug, defaults={"name": name})
    return team


@transaction.atomic
def create_person(
    *,
    username: str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    person_id: uuid.UUID | None = None,
    password_hash: str = "",
    actor: Actor = SYSTEM,
) -> User:
    """Create an account. Raises AccountError when the name is taken.

    `password_hash` is the password's hash where it is at hand (the demo's eleven accounts share one password).
    """
    if User.objects.filter(username=username).exists():
        raise AccountError(f"the account {username!r} exists already")
    user = User(username=username, first_name=first_name, last_name=last_name)
    if person_id is not None:
        user.person_id = person_id
    if password_hash:
        user.password = password_hash
    else:
        user.set_password(password)
    user.save()
    record(
        action="accounts.person.created",
        actor=actor,
        object_type="person",
        object_id=str(user.person_id),
        object_label=username,
    )
    return user


@transaction.atomic
def bootstrap_administrators(*, passwords: Mapping[str, str]) -> list[User]:
    """Create the first administrators, given as {account: password}. Raises AccountError once there is one.

    Later ones are granted the role by people, on the record, as everything that widens.
    """
    with connection.cursor() as cursor:
        # Two commands at once would each see no administrator.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('accounts.bootstrap', 0))")
    if RoleGrant.objects.filter(role=Role.ADMIN, revoked_at=None, user__is_active=True).exists():
        raise AccountError("There is an administrator already; the first two are made once.")
    created = [create_person(username=name, password=password) for name, password in passwords.items()]
    for user in created:
        grant_role(user=user, role=Role.ADMIN)
    return created


@transaction.atomic
def deactivate_person(*, user: User, reason: str, actor: Actor = SYSTEM) -> None:
    """Close an account: its sessions end and its votes no longer count at a claim."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    user.is_active = False
    record(
        action="accounts.person.deactivated",
        actor=actor,
        object_type="person",
        object_id=str(user.person_id),
        object_label=user.username,
        reason=reason,
    )


@transaction.atomic
def grant_role(*, user: User, role: Role, actor: Actor = SYSTEM) -> None:
    """Give a role; granting one that is held changes nothing."""
    _, created = RoleGrant.objects.get_or_create(
        user=user, role=role, revoked_at=None, defaults={"granted_by": actor.name}
    )
    if created:
        record(
            action="accounts.role.granted",
            actor=actor,
            object_type="person",
            object_id=str(user.person_id),
            object_label=user.username,
            after={"role": role},
        )


@transaction.atomic
def revoke_role(*, user: User, role: Role, reason: str, actor: Actor = SYSTEM) -> None:
    """Take a role away; votes cast with it no longer count at a claim."""
    changed = RoleGrant.objects.filter(user=user, role=role, revoked_at=None).update(revoked_at=timezone.now())
    if changed:
        record(
            action="accounts.role.revoked",
            actor=actor,
            object_type="person",
            object_id=str(user.person_id),
            object_label=user.username,
            before={"role": role},
            reason=reason,
        )


@transaction.atomic
def add_to_team(*, user: User, team: Team, actor: Actor = SYSTEM) -> None:
    """Let the person see and work on what belongs to the team."""
    assign_perm("accounts.work_in_team", user, team)
    record(
        action="accounts.team.joined",
        actor=actor,
        object_type="person",
        object_id=str(user.person_id),
        object_label=user.username,
        after={"team": team.slug},
        team_id=str(team.id),
    )


@transaction.atomic
def remove_from_team(*, user: User, team: Team, reason: str, actor: Actor = SYSTEM) -> None:
    """End what add_to_team began."""
    remove_perm("accounts.work_in_team", user, team)
    record(
        action="accounts.team.left",
        actor=actor,
        object_type="person",
        object_id=str(user.person_id),
        object_label=user.username,
        before={"team": team.slug},
        reason=reason,
        team_id=str(team.id),
    )


@transaction.atomic
def create_agent(*, name: str, team: Team, label: str = "", description: str = "", actor: Actor = SYSTEM) -> Agent:
    """Return the agent of that name, registering it where it is missing."""
    agent, created = Agent.objects.get_or_create(
        name=name, defaults={"team": team, "label": label, "description": description}
    )
    if created:
        record(
            action="accounts.agent.created",
            actor=actor,
            object_type="agent",
            object_id=str(agent.id),
            object_label=name,
            team_id=str(team.id),
        )
    return agent


@transaction.atomic
def create_source(*, name: str, team: Team, actor: Actor = SYSTEM) -> AlertSource:
    """Return the source of that name, registering it where it is missing."""
    source, created = AlertSource.objects.get_or_create(name=name, defaults={"team": team})
    if created:
        record(
            action="accounts.source.created",
            actor=actor,
            object_type="source",
            object_id=str(source.id),
            object_label=name,
            team_id=str(team.id),
        )
    return source


@transaction.atomic
def issue_token(
    *, owner: Agent | AlertSource, scopes: Iterable[str], expires_in: dt.timedelta, actor: Actor = SYSTEM
) -> tuple[ApiToken, str]:
    """Return the token's row and its text; the text exists nowhere else. Raises AccountError for an unknown scope."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown or not wanted:
        raise AccountError(f"unknown scopes: {', '.join(unknown) or '(none given)'}; known: {', '.join(Scope.values)}")
    text = TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken.objects.create(
        agent=owner if isinstance(owner, Agent) else None,
        source=owner if isinstance(owner, AlertSource) else None,
        prefix=text[:10],
        token_hash=hash_token(text),
        scopes=wanted,
        expires_at=timezone.now() + expires_in,
    )
    record(
        action="accounts.token.issued",
        actor=actor,
        object_type="agent" if isinstance(owner, Agent) else "source",
        object_id=str(owner.id),
        object_label=owner.name,
        after={"prefix": token.prefix, "scopes": wanted, "expires_at": token.expires_at.isoformat()},
        team_id=str(owner.team_id),
    )
    return token, text


@transaction.atomic
def revoke_token(*, token: ApiToken, reason: str, actor: Actor = SYSTEM) -> None:
    """End a token at once."""
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return
    owner = token.agent or token.source
    record(
        action="accounts.token.revoked",
        actor=actor,
        object_type="agent" if token.agent_id else "source",
        object_id=str(owner.id) if owner else "",
        object_label=owner.name if owner else "",
        before={"prefix": token.prefix},
        reason=reason,
    )


def hash_token(text: str) -> str:
    """Return the digest under which a token is kept: it is random, so one round of SHA-256 suffices."""
    return hashlib.sha256(text.encode()).hexdigest()
