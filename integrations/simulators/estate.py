"""The simulated estate as a connector: it keeps state, journals every effect, and can fail as real ones do.

It performs a request each time it is asked (it does not hide a second call behind the key): that an effect happens at
most once is the executor's promise, and the journal shows whether it is kept.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from integrations import kill_points
from integrations.base import CallResult, EffectRequest, Ending, Presence
from integrations.models import EstateBlock, EstateEffect, EstateHost, EstateKey, EstateUser

Change = Callable[[EffectRequest], str]


class NotApplied(Exception):
    """The estate refused: nothing changed."""


class SimulatedEstate:
    """Hosts, users and a firewall that exist only in this database (every page that shows them says so)."""

    key = "simulated_estate"
    label = "Simulated estate"

    def __init__(self) -> None:
        self._changes: dict[str, Change] = {**_HOST_CHANGES, **_USER_CHANGES, **_BLOCK_CHANGES, **_LOOKUPS}
        self.action_types = frozenset(self._changes)

    def perform(self, request: EffectRequest) -> CallResult:
        """Apply the change and its journal row in one transaction of the estate's own."""
        try:
            with transaction.atomic():
                if _lock_key(request.idempotency_key).is_sealed:
                    raise NotApplied("The key was sealed: the outcome of this attempt was settled before it arrived.")
                detail = self._changes[request.action_type](request)
                _journal(request, detail)
                kill_points.reach("in_effect")
        except NotApplied as refusal:
            return CallResult(Ending.FAILED, str(refusal), {"simulated": True, "applied": False})
        except DatabaseError as error:
            # A commit whose answer was lost may have happened.
            return CallResult(Ending.AMBIGUOUS, f"The estate did not answer ({type(error).__name__}).")
        kill_points.reach("after_effect")
        return CallResult(Ending.SUCCEEDED, detail, {"simulated": True, "applied": True, "detail": detail})

    def lookup(self, request: EffectRequest) -> Presence:
        """Return PRESENT, or seal the key and return ABSENT: a late call will find it sealed."""
        try:
            with transaction.atomic():
                row = _lock_key(request.idempotency_key)
                if EstateEffect.objects.filter(key=request.idempotency_key).exists():
                    return Presence.PRESENT
                row.is_sealed = True
                row.save(update_fields=["is_sealed"])
                return Presence.ABSENT
        except DatabaseError:
            return Presence.UNKNOWN

    def verify(self, request: EffectRequest) -> bool | None:
        """Read the state that the change should have left; None for look-ups and counted collections."""
        check = _CHECKS.get(request.action_type)
        return check(request) if check else None


def _lock_key(key: str) -> EstateKey:
    EstateKey.objects.get_or_create(key=key)
    return EstateKey.objects.select_for_update().get(key=key)


def _journal(request: EffectRequest, detail: str) -> None:
    EstateEffect.objects.create(
        key=request.idempotency_key,
        action_type=request.action_type,
        target_type=request.target_type,
        target_value=request.target_value,
        scope=request.scope,
        detail=detail[:300],
        at=timezone.now(),
    )


# --- hosts -------------------------------------------------------------------------------------
def _host(name: str) -> EstateHost:
    host = EstateHost.objects.select_for_update().filter(name=name).first()
    if host is None:
        raise NotApplied(f"There is no host {name} in the estate.")
    return host


def _set_host(field: str, value: Any, words: str) -> Change:
    def change(request: EffectRequest) -> str:
        host = _host(request.target_value)
        if isinstance(value, bool) and getattr(host, field) is value:
            raise NotApplied(f"{host.name} is already in that state.")
        setattr(host, field, value if isinstance(value, bool) else getattr(host, field) + 1)
        host.changed_at = timezone.now()
        host.save()
        return words.format(name=host.name)

    return change


_HOST_CHANGES: dict[str, Change] = {
    "isolate_host": _set_host("is_isolated", True, "{name} is isolated from the network."),
    "release_host": _set_host("is_isolated", False, "{name} is back on the network."),
    "wipe_endpoint": _set_host("is_wiped", True, "{name} was wiped."),
    "collect_memory": _set_host("memory_images", 1, "A memory image of {name} was taken."),
    "collect_files": _set_host("file_collections", 1, "Files of {name} were collected."),
}


# --- users -------------------------------------------------------------------------------------
def _user(name: str) -> EstateUser:
    user = EstateUser.objects.select_for_update().filter(name=name).first()
    if user is None:
        raise NotApplied(f"There is no user {name} in the estate.")
    return user


def _enable(value: bool) -> Change:
    def change(request: EffectRequest) -> str:
        user = _user(request.target_value)
        if user.is_enabled is value:
            raise NotApplied(f"{user.name} is already {'enabled' if value else 'disabled'}.")
        user.is_enabled = value
        user.changed_at = timezone.now()
        user.save()
        return f"{user.name} is {'enabled' if value else 'disabled'}."

    return change


def _revoke_sessions(request: EffectRequest) -> str:
    user = _user(request.target_value)
    ended, user.sessions = user.sessions, 0
    user.changed_at = timezone.now()
    user.save()
    return f"{ended} sessions of {user.name} were ended."


def _reset_password(request: EffectRequest) -> str:
    user = _user(request.target_value)
    user.password_resets += 1
    user.changed_at = timezone.now()
    user.save()
    return f"The password of {user.name} was reset."


_USER_CHANGES: dict[str, Change] = {
    "disable_user": _enable(False),
    "enable_user": _enable(True),
    "revoke_sessions": _revoke_sessions,
    "reset_password": _reset_password,
}


# --- firewall and endpoint blocks --------------------------------------------------------------
def _set_block(kind: str, active: bool) -> Change:
    def change(request: EffectRequest) -> str:
        row = (
            EstateBlock.objects.select_for_update()
            .filter(kind=kind, value=request.target_value, scope=request.scope)
            .first()
        )
        if (row is not None and row.is_active) is active:
            raise NotApplied(f"{request.target_value} is already {'blocked' if active else 'not blocked'}.")
        EstateBlock.objects.update_or_create(
            kind=kind,
            value=request.target_value,
            scope=request.scope,
            defaults={"is_active": active, "changed_at": timezone.now()},
        )
        return f"{kind} {request.target_value} is {'blocked' if active else 'no longer blocked'}."

    return change


_BLOCK_CHANGES: dict[str, Change] = {
    "block_ip": _set_block("ip", True),
    "unblock_ip": _set_block("ip", False),
    "block_domain": _set_block("domain", True),
    "unblock_domain": _set_block("domain", False),
    "block_hash": _set_block("hash", True),
    "unblock_hash": _set_block("hash", False),
    "quarantine_file": _set_block("file", True),
    "restore_file": _set_block("file", False),
}


# --- look-ups: they change nothing, and say that they are simulated ------------------------------
def _whois(request: EffectRequest) -> str:
    try:
        address = ipaddress.ip_address(request.target_value)
    except ValueError:
        return f"{request.target_value}: the simulated registry holds no entry."
    kind = "private" if address.is_private else "reserved" if address.is_reserved else "globally routed"
    return (
        f"{address} is {kind} according to the IANA special-purpose registries; the simulated registry knows no holder."
    )


def _known(request: EffectRequest) -> str:
    blocked = EstateBlock.objects.filter(value=request.target_value, scope=request.scope, is_active=True).exists()
    seen = EstateEffect.objects.filter(target_value=request.target_value, scope=request.scope).count()
    state = "blocked" if blocked else "not blocked"
    return f"{request.target_value}: {state} in the estate, {seen} earlier actions on it."


_LOOKUPS: dict[str, Change] = {
    "whois_lookup": _whois,
    "reputation_check": _known,
    "sandbox_lookup": _known,
    "siem_search": _known,
}


def _host_is(field: str, value: bool) -> Callable[[EffectRequest], bool]:
    return lambda request: EstateHost.objects.filter(name=request.target_value, **{field: value}).exists()


def _user_is(**state: Any) -> Callable[[EffectRequest], bool]:
    return lambda request: EstateUser.objects.filter(name=request.target_value, **state).exists()


def _block_is(kind: str, active: bool) -> Callable[[EffectRequest], bool]:
    def check(request: EffectRequest) -> bool:
        rows = EstateBlock.objects.filter(kind=kind, value=request.target_value, scope=request.scope, is_active=True)
        return rows.exists() is active

    return check


_CHECKS: dict[str, Callable[[EffectRequest], bool]] = {
    "isolate_host": _host_is("is_isolated", True),
    "release_host": _host_is("is_isolated", False),
    "wipe_endpoint": _host_is("is_wiped", True),
    "disable_user": _user_is(is_enabled=False),
    "enable_user": _user_is(is_enabled=True),
    "revoke_sessions": _user_is(sessions=0),
    **{f"block_{kind}": _block_is(kind, True) for kind in ("ip", "domain", "hash")},
    **{f"unblock_{kind}": _block_is(kind, False) for kind in ("ip", "domain", "hash")},
    "quarantine_file": _block_is("file", True),
    "restore_file": _block_is("file", False),
}
