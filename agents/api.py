"""REST of agents: the heartbeat."""

import datetime as dt

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from accounts.models import Scope
from accounts.rest.authentication import Principal, bearer
from accounts.rest.problems import Problem
from agents.services.heartbeat import heartbeat

router = Router(tags=["agents"])
_WORD = r"^[\w .:+/-]*$"


class HeartbeatIn(BaseModel):
    """What an agent says of itself; both fields may be left out."""

    model_config = ConfigDict(extra="forbid")

    status: str = Field("", max_length=32, pattern=_WORD)
    version: str = Field("", max_length=64, pattern=_WORD)


class HeartbeatOut(BaseModel):
    name: str
    received_at: dt.datetime


@router.post("/agents/{name}/heartbeat", auth=bearer(Scope.AGENTS_HEARTBEAT), response=HeartbeatOut)
def post_heartbeat(request: HttpRequest, name: str, payload: HeartbeatIn) -> HeartbeatOut:
    """Note that the agent lives. A token speaks for its own agent alone; any other name is 403."""
    principal: Principal = request.auth  # type: ignore[attr-defined]
    if principal.agent is None or principal.agent.name != name:
        raise Problem(403, "This token belongs to another principal; an agent beats for itself alone.", code="not_you")
    at = heartbeat(agent=principal.agent, status=payload.status, version=payload.version)
    return HeartbeatOut(name=name, received_at=at)
