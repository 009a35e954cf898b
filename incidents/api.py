"""REST of alerts: sources deliver, people and agents read."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Status

from accounts.models import AlertSource, Scope
from accounts.rest.authentication import Principal, bearer, session_or
from accounts.rest.paging import page
from accounts.rest.problems import Problem
from incidents import schemas, selectors
from incidents.models import Alert, AlertQuerySet
from incidents.search import SearchError, search
from incidents.services.ingest import ingest
from incidents.wire import Malformed, RawItem, read_body

router = Router(tags=["alerts"])

_NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_JSON = frozenset({"application/json", ""})


_ONE: dict[str, Any] = {
    "oneOf": [
        {"type": "object", "additionalProperties": True, "description": "One detection in any format."},
        {"type": "string", "description": "A log line."},
    ]
}
#: The body is read by incidents.wire, not by a schema: whatever a source sends is an alert.
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [*_ONE["oneOf"], {"type": "array", "items": _ONE}]}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "One alert a line."}},
        },
    }
}


@router.post("/alerts", auth=bearer(Scope.ALERTS_WRITE), response={202: schemas.IngestOut}, openapi_extra=_BODY)
def deliver(
    request: HttpRequest,
    source: str | None = None,
    format: str = "auto",  # noqa: A002 - the contract's word
) -> Status[schemas.IngestOut]:
    """Take one JSON object, a JSON array, or NDJSON (`application/x-ndjson`); a string may be a log line.

    202 means committed. A bad item is named in `rejected` by its index and never rejects its neighbours; where no
    good one is left the answer is 413 (over 256 KiB) or 422, and 400 for a body that is no JSON. `format` is
    detected unless named.
    `source`: a source's token delivers as that source and may name no other (403); an agent's token must name a
    source of the agent's team (422 without one, or for one that is unknown there).
    """
    principal: Principal = request.auth  # type: ignore[attr-defined]
    sender = _source(principal, source)
    body = request.body
    if len(body) > settings.MAX_BODY_BYTES:
        raise Problem(
            413, f"The body has {len(body)} bytes; at most {settings.MAX_BODY_BYTES} are taken. Nothing was stored."
        )
    ndjson = _is_ndjson(request)
    items = _items(body, ndjson=ndjson)
    _refuse_if_nothing_is_left(items)
    result = ingest(source=sender, items=items, format=format[:64] or "auto")
    return Status(
        202,
        schemas.IngestOut(
            created=result.created,
            duplicates=result.duplicates,
            rejected=[schemas.Rejected(**item) for item in result.rejected],
            ids=result.ids,
        ),
    )


@router.get("/alerts", auth=session_or(Scope.ALERTS_READ), response=schemas.AlertPage)
def list_alerts(
    request: HttpRequest, q: str = "", limit: int | None = None, cursor: str | None = None
) -> schemas.AlertPage:
    """List alerts, newest first. `q`: words, and key:value of status, severity, source, format, technique, verdict,
    entity. 422 names a token that cannot be understood.
    """
    try:
        found = search(_visible(request), q)
    except SearchError as error:
        raise Problem(
            422, str(error), code="bad_query", errors=[{"field": "q", "token": error.token, "error": error.why}]
        ) from None
    rows, following = page(selectors.for_list(found), time_field="received_at", limit=limit, cursor=cursor)
    return schemas.AlertPage(items=[schemas.row(alert) for alert in rows], next=following)


@router.get("/alerts/{alert_id}", auth=session_or(Scope.ALERTS_READ), response=schemas.AlertOut)
def show_alert(request: HttpRequest, alert_id: uuid.UUID) -> schemas.AlertOut:
    """Return one alert with everything known of it; 404 for one that does not exist for the caller."""
    alert = selectors.find(_visible(request), alert_id)
    if alert is None:
        raise Problem(404, "There is no such alert, or none that you may see.")
    return schemas.whole(alert)


def _visible(request: HttpRequest) -> AlertQuerySet:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return Alert.objects.for_teams(principal.team_ids)


def _source(principal: Principal, name: str | None) -> AlertSource:
    if principal.source is not None:
        if name and name != principal.source.name:
            raise Problem(
                403,
                f"This token delivers as {principal.source.name!r} only. Nothing was stored.",
                code="other_source",
            )
        return principal.source
    if not name:
        raise Problem(
            422,
            "An agent's token must say for which source it delivers: ?source=NAME. Nothing was stored.",
            errors=[{"field": "source", "error": "required"}],
        )
    found = AlertSource.objects.filter(name=name, team_id__in=principal.team_ids, is_active=True).first()
    if found is None:
        raise Problem(
            422,
            "Your team has no active source of this name. Nothing was stored.",
            errors=[{"field": "source", "error": "unknown"}],
        )
    return found


def _is_ndjson(request: HttpRequest) -> bool:
    kind = (request.content_type or "").lower()
    if kind in _NDJSON:
        return True
    if kind in _JSON or kind.endswith("+json"):
        return False
    raise Problem(
        415, f"{kind[:80]!r} is not taken; send application/json or application/x-ndjson. Nothing was stored."
    )


def _items(body: bytes, *, ndjson: bool) -> list[RawItem]:
    try:
        return read_body(body, ndjson=ndjson, max_bytes=settings.MAX_ALERT_BYTES)
    except Malformed as error:
        raise Problem(400, f"The body is not JSON: {error}. Nothing was stored.", code="malformed_json") from None


def _refuse_if_nothing_is_left(items: list[RawItem]) -> None:
    """202 means committed: a delivery in which every item is bad is refused as one."""
    if not items or any(not item.error for item in items):
        return
    status = 413 if all(item.is_too_large for item in items) else 422
    errors = [{"index": item.index, "error": item.error} for item in items[:100]]
    raise Problem(status, f"{items[0].error} Nothing was stored.", errors=errors)
