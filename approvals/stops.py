"""What the stops and freezes in force mean for actions. Every read is judged by the database's clock."""

import uuid

from django.db import connection
from django.db.models import Q, QuerySet

from approvals.clock import database_now
from approvals.models import PendingAction, PolicyProceeding, Stop, StopKind, StopScope
from approvals.models.control import CONTROL_LOCK
from integrations.registry import connector_for, connectors


def stop_over(*, kind: StopKind, action_type: str, agent_id: uuid.UUID | None, connector: str) -> Stop | None:
    """Return the oldest stop of this kind that covers such an action now, or None."""
    rows = Stop.objects.in_force(database_now()).filter(kind=kind).select_related("set_by")
    return rows.covering(action_type=action_type, agent_id=agent_id, connector=connector).order_by("set_at").first()


def what_holds(action: PendingAction, connector: str) -> str:
    """Say what keeps this approved action from being claimed, or nothing.

    Waits for a stop that is being stored, and keeps the next one waiting until the caller's transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [CONTROL_LOCK])
    found = _over(action, StopKind.KILL_SWITCH, connector)
    # What people approved runs during a freeze; what the policy let through waits for its end.
    if found is None and PolicyProceeding.objects.filter(action=action).exists():
        found = _over(action, StopKind.CHANGE_FREEZE, connector)
    return found.words if found else ""


def lock_alone() -> None:
    """Wait until no claim is under way, and keep new ones waiting until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CONTROL_LOCK])


def without_held(rows: QuerySet[PendingAction]) -> QuerySet[PendingAction]:
    """Leave out what a stop or a freeze keeps from proceeding by itself."""
    for stop in Stop.objects.in_force(database_now()):
        rows = rows.exclude(covered_by(stop))
    return rows


def covered_by(stop: Stop) -> Q:
    """Select the actions that a stop covers."""
    if stop.scope == StopScope.AGENT:
        return Q(proposer_agent_id=stop.key)
    if stop.scope == StopScope.ACTION_TYPE:
        return Q(action_type=stop.key)
    if stop.scope == StopScope.CONNECTOR:
        return Q(action_type__in=_types_of(stop.key))
    return Q(pk__isnull=False)


def _over(action: PendingAction, kind: StopKind, connector: str) -> Stop | None:
    return stop_over(kind=kind, action_type=action.action_type, agent_id=action.proposer_agent_id, connector=connector)


def _types_of(connector: str) -> list[str]:
    """Return the types that this connector performs: those that the registry would send to it."""
    types = [key for item in connectors() if item.key == connector for key in item.action_types]
    return [key for key in types if (found := connector_for(key)) and found.key == connector]
