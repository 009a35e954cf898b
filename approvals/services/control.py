"""The kill switch and the change freeze: one person stops at once, two people lift (domain.md, Approval levels)."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Agent, Team, User
from accounts.people import actor_of, roles_of, team_ids_of
from approvals import catalogue
from approvals.clock import database_now
from approvals.errors import NotAllowed, NotVisible, WrongFields
from approvals.models import ActionStatus, PendingAction, Stop, StopKind, StopScope
from approvals.models.control import ENTITLED
from approvals.services.decide import FRESH_SECONDS, Proof
from approvals.stops import covered_by, lock_alone
from audit.services import record
from integrations.registry import connectors
from live.publish import publish

MAX_REASON = 1000


class StopMovedOn(Exception):
    """The stop is no longer what was on screen; `code` says how, `words` what did not happen."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Order:
    """What to stop or freeze. `key`: an agent's id, an action type or a connector; empty for scope all.

    `starts_at` (None: now) and `ends_at` belong to a freeze; a kill switch has neither.
    """

    kind: str
    scope: str
    key: str = ""
    reason: str = ""
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    label: str = ""
    team: Team | None = None


def may_control(user: User, kind: str) -> bool:
    """Tell whether the person may set this kind of stop, ask to lift it and confirm that."""
    return bool(roles_of(user) & ENTITLED[kind])


def set_stop(*, user: User, order: Order) -> Stop:
    """Stop or freeze at once, by one entitled person; return the stop as stored.

    Every claim that was made before is committed then and no later one gets past it. Raises WrongFields, NotAllowed
    (role), StopMovedOn (already_stopped); nothing is stored on any of them.
    """
    if order.kind not in StopKind.values:
        raise WrongFields([{"field": "kind", "error": "must be kill_switch or change_freeze"}])
    # Before the lock, so that who may not stop anything makes no claim wait; the trigger asks again.
    _check_role(user, order.kind, "stop this")
    with transaction.atomic():
        lock_alone()
        now = database_now()
        target = _checked(user, order, now)
        _check_free(order, now)
        stop = Stop.objects.create(
            kind=order.kind,
            scope=order.scope,
            key=order.key,
            label=target.label,
            team=target.team,
            reason=order.reason.strip(),
            starts_at=(order.starts_at or now) if order.kind == StopKind.CHANGE_FREEZE else None,
            ends_at=order.ends_at,
            set_by=user,
            set_by_person_id=user.person_id,
            set_at=now,
        )
        stop.refresh_from_db()  # the trigger judged the times by its own clock
        _announce(stop, "approvals.control.stopped", user, after=_facts(stop), reason=stop.reason)
        return stop


def request_lift(*, user: User, stop_id: uuid.UUID, reason: str, proof: Proof) -> Stop:
    """Ask for a stop to be lifted; a second person confirms. It holds until then.

    Raises NotVisible, NotAllowed (role, step_up_required), StopMovedOn (lifted, requested), WrongFields (reason).
    """
    with transaction.atomic():
        stop, now = _locked(user, stop_id), database_now()
        _check_role(user, stop.kind, "ask for this")
        _check_holds(stop, now)
        if stop.lift_requested_at is not None:
            raise StopMovedOn("requested", "Somebody asked for it before you; confirm that, or take it back first.")
        _check_fresh(proof, now)
        _check_reason(reason)
        stop.lift_requested_by = user
        stop.lift_requested_person_id = user.person_id
        stop.lift_requested_at = now
        stop.lift_reason = reason.strip()
        _save_request(stop)
        after = {"revision": stop.revision, **_proof_facts(proof)}
        _announce(stop, "approvals.control.lift_requested", user, after=after, reason=stop.lift_reason)
        return stop


def withdraw_lift_request(*, user: User, stop_id: uuid.UUID) -> Stop:
    """Take a request back: the stop stays, so any entitled person may. Raises NotVisible, NotAllowed, StopMovedOn."""
    with transaction.atomic():
        stop, now = _locked(user, stop_id), database_now()
        _check_role(user, stop.kind, "take this back")
        _check_holds(stop, now)
        if stop.lift_requested_at is None:
            raise StopMovedOn("not_requested", "Nobody asks for it to be lifted. Nothing changed.")
        before = {"lift_requested_by": _name(stop.lift_requested_by), "lift_reason": stop.lift_reason}
        stop.lift_requested_by = None
        stop.lift_requested_person_id = None
        stop.lift_requested_at = None
        stop.lift_reason = ""
        _save_request(stop)
        _announce(stop, "approvals.control.lift_withdrawn", user, before=before)
        return stop


def confirm_lift(*, user: User, stop_id: uuid.UUID, revision: int, proof: Proof) -> Stop:
    """Lift, as the second person; `revision` is the one that was on screen. What waited is tried again within seconds.

    Raises NotVisible, NotAllowed (role, own_request, requester_lost_role, step_up_required), StopMovedOn (lifted,
    not_requested, revision).
    """
    with transaction.atomic():
        stop, now = _locked(user, stop_id), database_now()
        _check_role(user, stop.kind, "lift this")
        _check_holds(stop, now)
        if stop.lift_requested_at is None:
            raise StopMovedOn("not_requested", "Nobody asks for it to be lifted any more. It still holds.")
        if stop.lift_requested_person_id == user.person_id:
            raise NotAllowed("own_request", "You asked for it: a second person confirms. It still holds.")
        if stop.revision != revision:
            raise StopMovedOn("revision", "The request is another one now. It still holds; read it and confirm again.")
        if stop.lift_requested_by is None or not may_control(stop.lift_requested_by, stop.kind):
            raise NotAllowed("requester_lost_role", "Who asked may not ask any more. Take it back and ask anew.")
        _check_fresh(proof, now)
        stop.lifted_by = user
        stop.lifted_person_id = user.person_id
        stop.lifted_at = now
        stop.save(update_fields=["lifted_by", "lifted_person_id", "lifted_at"])
        stop.refresh_from_db(fields=["revision", "lifted_at"])
        _announce(
            stop,
            "approvals.control.lifted",
            user,
            before=_facts(stop),
            after={"lift_requested_by": _name(stop.lift_requested_by), **_proof_facts(proof)},
            reason=stop.lift_reason,
        )
        return stop


def in_flight(*, stop: Stop) -> int:
    """Count the effects that were dispatched before the stop and have not ended: they are not called back."""
    return PendingAction.objects.filter(covered_by(stop), status=ActionStatus.EXECUTING).count()


def _locked(user: User, stop_id: uuid.UUID) -> Stop:
    try:
        return Stop.objects.for_user(user).locked(stop_id)
    except Stop.DoesNotExist:
        raise NotVisible from None


def _check_role(user: User, kind: str, what: str) -> None:
    if not may_control(user, kind):
        names = ", ".join(sorted(role.replace("_", " ") for role in ENTITLED[kind]))
        raise NotAllowed("role", f"Your roles may not {what}; it takes one of: {names}. Nothing changed.")


def _check_fresh(proof: Proof, now: dt.datetime) -> None:
    if proof.at is None or (now - proof.at).total_seconds() > FRESH_SECONDS:
        raise NotAllowed(
            "step_up_required", "Confirm who you are (a log-in younger than five minutes). It still holds."
        )


def _check_holds(stop: Stop, now: dt.datetime) -> None:
    if stop.lifted_at is not None or (stop.ends_at is not None and stop.ends_at <= now):
        raise StopMovedOn("lifted", "It does not hold any more; there is nothing to lift.")


def _check_reason(reason: str) -> None:
    errors = _reason_errors("reason", reason)
    if errors:
        raise WrongFields(errors)


def _reason_errors(field: str, reason: str) -> list[dict[str, Any]]:
    if not reason.strip():
        return [{"field": field, "error": "say why: everybody on the desk reads it"}]
    if len(reason) > MAX_REASON or "\x00" in reason:
        return [{"field": field, "error": f"plain text of at most {MAX_REASON} characters"}]
    return []


def _checked(user: User, order: Order, now: dt.datetime) -> _Target:
    """Return what the order names. Raises WrongFields with everything that is wrong with it."""
    errors = _reason_errors("reason", order.reason)
    target = _target(user, order)
    if target is None:
        errors.append({"field": "target", "error": "choose what to stop from the list"})
    if order.kind == StopKind.CHANGE_FREEZE:
        starts = max(order.starts_at or now, now)
        if order.ends_at is None or order.ends_at <= starts:
            errors.append({"field": "ends_at", "error": "must lie after now and after the start"})
    elif order.starts_at is not None or order.ends_at is not None:
        errors.append({"field": "ends_at", "error": "a kill switch holds until two people lift it"})
    if errors or target is None:
        raise WrongFields(errors)
    return target


def _target(user: User, order: Order) -> _Target | None:
    if order.scope == StopScope.ALL:
        return _Target() if order.key == "" else None
    if order.scope == StopScope.AGENT:
        return _agent(user, order.key)
    if order.scope == StopScope.ACTION_TYPE:
        kind = catalogue.get(order.key)
        return _Target(kind.key) if kind else None
    if order.scope == StopScope.CONNECTOR:
        return next((_Target(item.label) for item in connectors() if item.key == order.key), None)
    return None


def _agent(user: User, key: str) -> _Target | None:
    try:
        pk = uuid.UUID(key)
    except ValueError:
        return None
    agent = Agent.objects.filter(pk=pk, team_id__in=team_ids_of(user)).select_related("team").first()
    # One spelling of the id: what the claim compares with.
    return _Target(agent.name, agent.team) if agent and str(agent.id) == key else None


def _check_free(order: Order, now: dt.datetime) -> None:
    same = Stop.objects.unlifted(now).filter(kind=order.kind, scope=order.scope, key=order.key)
    if order.kind == StopKind.CHANGE_FREEZE:
        same = same.filter(starts_at__lt=order.ends_at, ends_at__gt=order.starts_at or now)
    found = same.select_related("set_by").first()
    if found is not None:
        raise StopMovedOn("already_stopped", f"It holds already: {found.words}")


def _save_request(stop: Stop) -> None:
    stop.save(update_fields=["lift_requested_by", "lift_requested_person_id", "lift_requested_at", "lift_reason"])
    stop.refresh_from_db(fields=["revision", "lift_requested_at"])


def _name(user: User | None) -> str:
    return user.username if user is not None else ""


def _facts(stop: Stop) -> dict[str, Any]:
    window = {
        name: at.isoformat()
        for name, at in (("starts_at", stop.starts_at), ("ends_at", stop.ends_at))
        if at is not None
    }
    return {"kind": stop.kind, "scope": stop.scope, "key": stop.key, "label": stop.label, **window}


def _proof_facts(proof: Proof) -> dict[str, str]:
    return {"auth_method": proof.method, "auth_at": proof.at.isoformat() if proof.at else ""}


def _announce(
    stop: Stop,
    name: str,
    user: User,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    team_id = str(stop.team_id or "")
    publish(kind=name, object_type="control", object_id=str(stop.id), revision=stop.revision, team_id=team_id)
    record(
        action=name,
        actor=actor_of(user),
        object_type="control",
        object_id=str(stop.id),
        object_label=str(stop),
        before=before,
        after=after,
        reason=reason,
        team_id=team_id,
    )
