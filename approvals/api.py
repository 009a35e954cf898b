"""Actions over REST: propose, read, wait, cancel (agents); decide, roll back (people in a session)."""

import hashlib
import time
import uuid
from typing import Annotated, Any

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status
from pydantic import ValidationError

from accounts.models import Scope, User
from accounts.rest import strict_json
from accounts.rest.authentication import Principal, bearer, session_only, session_or
from accounts.rest.paging import page
from accounts.rest.problems import Problem
from approvals import control_api, schemas, selectors
from approvals.errors import KeyReused, MovedOn, NotAllowed, NotVisible, TooMany, WrongFields
from approvals.models import ActionStatus, PendingAction
from approvals.proof import proof_of
from approvals.services import callbacks
from approvals.services.cancel import cancel
from approvals.services.decide import Vote, decide
from approvals.services.propose import Proposal, Proposer, propose
from approvals.services.rollback import propose_rollback

router = Router(tags=["actions"])
router.add_router("", control_api.router)
#: How often a waiting GET looks; each look is one primary-key read.
WAIT_STEP_SECONDS = 0.25
MAX_WAIT_SECONDS = 60


@router.post(
    "/actions", auth=bearer(Scope.ACTIONS_PROPOSE), response={201: dict[str, Any]}, summary="Propose an action"
)
def post_action(request: HttpRequest, payload: schemas.ActionIn) -> Status[dict[str, Any]]:
    """Store a proposal. A refusal by a guardrail is a record too: 201 with status refused."""
    principal = _principal(request)
    if principal.agent is None:
        raise Problem(403, "Only agents propose here; people propose from an alert's page.", code="not_an_agent")
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 200 or not key.isprintable():
        raise _wrong([{"field": "Idempotency-Key", "error": "at most 200 printable characters"}])
    try:
        action = propose(
            proposer=Proposer(team=principal.agent.team, agent=principal.agent),
            proposal=_proposal(payload, key, request.body),
        )
    except WrongFields as error:
        raise _wrong(error.errors) from error
    except KeyReused:
        raise Problem(
            409, "This Idempotency-Key belongs to another body. Nothing was stored; use a new key.", code="key_reused"
        ) from None
    except TooMany as error:
        raise Problem(429, error.words, code="too_many", retry_after=error.retry_after) from error
    return Status(201, schemas.action_out(_fresh(action)))


def _proposal(payload: schemas.ActionIn, key: str, body: bytes) -> Proposal:
    if payload.incident:
        raise _wrong([{"field": "incident", "error": "there is no such incident"}])
    if payload.callback_url and (words := callbacks.why_not(payload.callback_url)):
        raise _wrong([{"field": "callback_url", "error": words}])
    try:
        alert_id = schemas.parse_uuid(payload.alert)
    except ValueError:
        raise _wrong([{"field": "alert", "error": "is not an id"}]) from None
    return Proposal(
        action_type=payload.type,
        target_type=payload.target.type,
        target_value=payload.target.value,
        params=payload.params,
        reasoning=payload.reasoning,
        confidence=payload.confidence,
        evidence=[item.model_dump() for item in payload.evidence],
        rollback_plan=payload.rollback_plan,
        alert_id=alert_id,
        callback_url=payload.callback_url or "",
        idempotency_key=key,
        request_sha256=hashlib.sha256(body).hexdigest(),
    )


@router.get("/actions", auth=session_or(Scope.ACTIONS_READ), response=dict[str, Any], summary="List actions")
def list_actions(
    request: HttpRequest,
    status: str = "",
    type: str = "",  # noqa: A002 - the contract's name
    q: str = "",
    limit: int | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return the caller's actions, newest first; `q` finds text in type, target and reasoning."""
    rows = _visible(_principal(request))
    if status:
        if status not in ActionStatus.values:
            raise _wrong([{"field": "status", "error": f"one of {', '.join(ActionStatus.values)}"}])
        rows = rows.filter(status=status)
    if type:
        rows = rows.filter(action_type=type)
    for word in q.replace("\x00", "").split()[:10]:
        rows = rows.filter(
            Q(action_type__icontains=word) | Q(target_value__icontains=word) | Q(reasoning__icontains=word)
        )
    items, following = page(rows, time_field="created_at", limit=limit, cursor=cursor)
    return {"items": [schemas.action_out(item) for item in items], "next": following}


@router.get("/actions/{action_id}", auth=session_or(Scope.ACTIONS_READ), response=dict[str, Any], summary="One action")
def get_action(
    request: HttpRequest, action_id: str, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS)] = 0
) -> dict[str, Any]:
    """Return the action; with `wait`, as soon as its status is another, at the latest after so many seconds."""
    principal = _principal(request)
    rows = _visible(principal)
    pk = _id(action_id)
    action = rows.filter(pk=pk).first()
    until = time.monotonic() + wait
    while action is not None and time.monotonic() < until:
        _give_connection_back()
        time.sleep(WAIT_STEP_SECONDS)
        status = PendingAction.objects.filter(pk=pk).values_list("status", flat=True).first()
        if status != action.status:
            action = rows.filter(pk=pk).first()
            break
    if action is None:
        raise _hidden()
    return schemas.action_detail(action, principal.user)


def _give_connection_back() -> None:
    """Sixty agents that wait must not hold sixty connections: close() returns it to the pool."""
    if not connection.in_atomic_block:
        connection.close()


@router.post(
    "/actions/{action_id}/cancel", auth=bearer(Scope.ACTIONS_PROPOSE), response=dict[str, Any], summary="Cancel"
)
def post_cancel(request: HttpRequest, action_id: str) -> dict[str, Any]:
    """Take one's own proposal back, while nothing was dispatched."""
    agent = _principal(request).agent
    if agent is None:
        raise Problem(403, "Only the agent that proposed an action cancels it.", code="not_the_proposer")
    try:
        action = cancel(agent=agent, action_id=_id(action_id))
    except NotVisible:
        raise _hidden() from None
    except NotAllowed as error:
        raise Problem(403, error.words, code=error.code) from error
    except MovedOn as error:
        raise _moved_on(error, None) from error
    return schemas.action_detail(_fresh(action), None)


@router.post(
    "/actions/{action_id}/decisions", auth=session_only(), response=dict[str, Any], summary="Decide (people only)"
)
def post_decision(request: HttpRequest, action_id: str, payload: schemas.DecisionIn) -> dict[str, Any]:
    """Approve or reject exactly the digest that was shown."""
    user = _person(request)
    vote = Vote(payload.decision, payload.digest, payload.reason_code, payload.comment)
    try:
        action = decide(user=user, action_id=_id(action_id), vote=vote, proof=proof_of(request))
    except NotVisible:
        raise _hidden() from None
    except NotAllowed as error:
        raise Problem(403, error.words, code=error.code) from error
    except MovedOn as error:
        raise _moved_on(error, user) from error
    except WrongFields as error:
        raise _wrong(error.errors) from error
    return schemas.action_detail(selectors.get(user=user, action_id=action.id), user)


@router.post(
    "/actions/{action_id}/rollback", auth=session_only(), response={201: dict[str, Any]}, summary="Propose the inverse"
)
def post_rollback(request: HttpRequest, action_id: str) -> Status[dict[str, Any]]:
    """Propose the inverse of an executed action as a new, linked action."""
    user = _person(request)
    try:
        action = propose_rollback(user=user, action_id=_id(action_id), reason=_reason(request))
    except NotVisible:
        raise _hidden() from None
    except NotAllowed as error:
        raise Problem(403, error.words, code=error.code) from error
    except MovedOn as error:
        raise _moved_on(error, user) from error
    return Status(201, schemas.action_detail(selectors.get(user=user, action_id=action.id), user))


def _reason(request: HttpRequest) -> str:
    """Return the optional {"reason"} of a body that may be empty."""
    if not request.body:
        return ""
    try:
        return schemas.RollbackIn.model_validate(strict_json.loads(request.body)).reason
    except ValidationError as error:
        errors = [{"field": ".".join(map(str, item["loc"])), "error": item["msg"]} for item in error.errors()]
        raise _wrong(errors) from None


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal


def _person(request: HttpRequest) -> User:
    user = _principal(request).user
    if user is None:
        raise Problem(403, "Only people do this, in a session of their own.", code="tokens_never_decide")
    return user


def _visible(principal: Principal) -> Any:
    if principal.user is not None:
        return selectors.visible(principal.user)
    return selectors.of_teams(principal.team_ids)


def _fresh(action: PendingAction) -> PendingAction:
    """Return the action with its slots and votes as committed."""
    return selectors.of_teams([action.team_id]).get(pk=action.pk)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise _hidden() from None


def _hidden() -> Problem:
    return Problem(404, "There is no such action, or it is not yours to see.", code="not_found")


def _wrong(errors: list[dict[str, Any]]) -> Problem:
    return Problem(422, "Some fields cannot be taken; nothing was stored.", code="wrong_fields", errors=errors)


def _moved_on(error: MovedOn, viewer: User | None) -> Problem:
    current = schemas.action_detail(_fresh(error.action), viewer)
    return Problem(409, error.words, code=error.code, extra={"action": current})
