"""Whose sessions are still good: asked again before everything that is sent, for all sockets at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from live import topics


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person with a good session, loaded now; `may_look` is False without role or team."""

    user: Any
    may_look: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the session's data says: nothing of it counts before it is compared with the account."""

    user_id: Any
    auth_hash: str


def viewers(session_keys: Iterable[str]) -> dict[str, Viewer]:
    """Return the good ones among the sessions: not ended, not expired, person active, password the same."""
    claims = _claims(session_keys)
    people = get_user_model()._default_manager.in_bulk({claim.user_id for claim in claims.values()})
    good = {
        key: people[claim.user_id]
        for key, claim in claims.items()
        if claim.user_id in people
        and people[claim.user_id].is_active
        and _is_of_this_password(people[claim.user_id], claim.auth_hash)
    }
    may_look = topics.entitled(list({user.pk: user for user in good.values()}.values())) if good else set()
    return {key: Viewer(user, user.pk in may_look) for key, user in good.items()}


def _claims(session_keys: Iterable[str]) -> dict[str, _Claim]:
    rows = (
        _store_class()
        .get_model_class()
        .objects.filter(session_key__in=set(session_keys), expire_date__gt=timezone.now())
        .values_list("session_key", "session_data")
    )
    read = ((key, _read_claim(data)) for key, data in rows)
    return {key: claim for key, claim in read if claim is not None}


def _store_class() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


@lru_cache(maxsize=2048)
def _read_claim(session_data: str) -> _Claim | None:
    """Verify and read a session's data; the same text always says the same."""
    data = _store_class()().decode(session_data)
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        user_id = get_user_model()._meta.pk.to_python(data[SESSION_KEY])
    except (KeyError, ValueError):
        return None
    return _Claim(user_id, str(data.get(HASH_SESSION_KEY, "")))


def _is_of_this_password(user: AbstractBaseUser, auth_hash: str) -> bool:
    return constant_time_compare(auth_hash, user.get_session_auth_hash()) or any(
        constant_time_compare(auth_hash, fallback) for fallback in user.get_session_auth_fallback_hash()
    )
