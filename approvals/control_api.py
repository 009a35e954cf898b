"""What is stopped, over REST: agents can wait instead of having every proposal refused."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.models import Scope
from accounts.rest.authentication import Principal, session_or
from accounts.rest.paging import page
from approvals.clock import database_now
from approvals.models import Stop
from approvals.schemas import when

router = Router(tags=["control"])


@router.get("/control", auth=session_or(Scope.ACTIONS_READ), response=dict[str, Any], summary="What is stopped now")
def list_stops(request: HttpRequest, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
    """Return the stops in force and the freezes in force or to come, newest first."""
    principal: Principal = request.auth  # type: ignore[attr-defined]
    rows = Stop.objects.for_teams(principal.team_ids).unlifted(database_now()).select_related("set_by")
    items, following = page(rows, time_field="set_at", limit=limit, cursor=cursor)
    return {"items": [stop_out(stop) for stop in items], "next": following}


def stop_out(stop: Stop) -> dict[str, Any]:
    """Return one stop; persons are stable ids, as in decisions."""
    return {
        "id": str(stop.id),
        "kind": stop.kind,
        "scope": stop.scope,
        "key": stop.key,
        "label": stop.label,
        "reason": stop.reason,
        "words": stop.words,
        "set_by": str(stop.set_by_person_id),
        "set_at": when(stop.set_at),
        "starts_at": when(stop.starts_at),
        "ends_at": when(stop.ends_at),
        "lift": _lift(stop),
        "url": "/control/",
    }


def _lift(stop: Stop) -> dict[str, Any] | None:
    if stop.lift_requested_at is None:
        return None
    return {
        "requested_by": str(stop.lift_requested_person_id),
        "requested_at": when(stop.lift_requested_at),
        "reason": stop.lift_reason,
    }
