"""Who calls the API: a bearer token of an agent or a source, or a person's session. Never both."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from accounts.models import Agent, AlertSource, ApiToken, User
from accounts.people import actor_of, actor_of_agent, team_ids_of
from accounts.rest.problems import Problem
from accounts.services import hash_token
from audit.actors import Actor
from audit.context import set_auth_method

#: How stale `last_used_at` may be: a row written on every call would serialise a busy token.
LAST_USED_STEP = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: exactly one of person, agent and source."""

    kind: Literal["person", "agent", "source"]
    user: User | None = None
    agent: Agent | None = None
    source: AlertSource | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def team_ids(self) -> list[uuid.UUID]:
        """The teams whose objects the caller sees; asked anew each time, since a person's may change."""
        if self.user is not None:
            return team_ids_of(self.user)
        return [owner.team_id for owner in (self.agent, self.source) if owner is not None]

    @property
    def actor(self) -> Actor:
        """How the audit log names the caller."""
        if self.user is not None:
            return actor_of(self.user)
        if self.agent is not None:
            return actor_of_agent(self.agent)
        assert self.source is not None  # noqa: S101 - one of the three, by construction
        return Actor(kind="source", id=str(self.source.id), name=self.source.name)


class Authenticate:
    """A django-ninja authenticator for one scope; `sessions` says whether people may call too."""

    def __init__(self, scope: str, *, sessions: bool, tokens: bool = True) -> None:
        self.scope = scope
        self.sessions = sessions
        self.tokens = tokens

    def __call__(self, request: HttpRequest) -> Principal:
        """Return the caller. Raises Problem 401 (unknown caller) or 403 (known, not allowed)."""
        header = request.headers.get("Authorization", "")
        if header:
            principal = token_principal(header)
            if not self.tokens:
                raise Problem(
                    403,
                    "Only people decide, in a session of their own; a token never does. Nothing was decided.",
                    code="tokens_never_decide",
                )
            if self.scope not in principal.scopes:
                raise Problem(403, f"This token lacks the scope {self.scope}.", code="missing_scope")
            return principal
        if not self.sessions:
            raise Problem(401, "Send the header `Authorization: Bearer TOKEN`.", code="token_required")
        return session_principal(request)


def bearer(scope: str) -> Authenticate:
    """Tokens only."""
    return Authenticate(scope, sessions=False)


def session_or(scope: str) -> Authenticate:
    """A person's session, or a token with the scope."""
    return Authenticate(scope, sessions=True)


def session_only() -> Authenticate:
    """A person's session; any token gets 403."""
    return Authenticate("", sessions=True, tokens=False)


def token_principal(header: str) -> Principal:
    """Return the owner of a bearer token. Raises Problem 401 for one that is unknown, expired or revoked."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Problem(401, "The Authorization header must read `Bearer TOKEN`.", code="token_required")
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("agent", "source")
        .filter(token_hash=hash_token(text.strip()), revoked_at=None, expires_at__gt=now)
        .first()
    )
    owner = (token.agent or token.source) if token else None
    if token is None or owner is None or not owner.is_active:
        raise Problem(401, "This token is unknown, expired or revoked.", code="token_invalid")
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    set_auth_method("token")  # what the audit entries of this request say
    return Principal(
        kind="agent" if token.agent_id else "source",
        agent=token.agent,
        source=token.source,
        scopes=frozenset(token.scopes),
    )


def session_principal(request: HttpRequest) -> Principal:
    """Return the person of the session. Raises Problem 401 without one, 403 without a CSRF token on a change."""
    user = request.user
    if not user.is_authenticated or not isinstance(user, User):
        raise Problem(401, "Log in, or send a bearer token.", code="not_authenticated")
    # django-ninja exempts its views from the middleware's check; a session must pass it here.
    if CsrfViewMiddleware(lambda _: None).process_view(request, _checked, (), {}) is not None:  # type: ignore[arg-type]
        raise Problem(403, "The CSRF token is missing or wrong (header X-CSRFToken). Nothing changed.", code="csrf")
    return Principal(kind="person", user=user)


def _checked() -> None:
    """Stand for the view: it is not exempt from the CSRF check."""
