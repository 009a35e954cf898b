"""GET metrics: the figures that the page shows, for the caller's teams alone."""

from typing import Any

from django.http import HttpRequest
from ninja import P, QueryEx, Router

from accounts.models import Scope as TokenScope
from accounts.rest.authentication import Principal, session_or
from accounts.rest.problems import Problem
from metrics import periods, schemas, selectors
from metrics.clock import database_now

router = Router(tags=["metrics"])


@router.get("/metrics", auth=session_or(TokenScope.METRICS_READ), response=dict[str, Any], summary="The metrics")
def get_metrics(
    request: HttpRequest,
    since: QueryEx[str, P(alias="from")] = "",
    until: QueryEx[str, P(alias="to")] = "",
    team: str = "",
) -> dict[str, Any]:
    """Return every metric of a period: `from` inclusive, `to` exclusive (a day alone: the whole of it), by default the
    last 7 days. `team` is a slug or an id. 422 for a period that cannot be taken, 404 for a team of others, 403 for a
    person without a role.
    """
    principal: Principal = request.auth  # type: ignore[attr-defined]
    if principal.user is not None and not selectors.may_see(principal.user):
        raise Problem(403, "Metrics are for people who hold a role; an admin grants roles.", code="role")
    now = database_now()
    try:
        scope = selectors.scope_of_teams(principal.team_ids, team)
        period = periods.between(since, until, now)
    except selectors.NoSuchTeam:
        raise Problem(404, "There is no such team, or it is not yours to see.", code="not_found") from None
    except periods.BadPeriod as error:
        errors = [{"field": error.field, "error": error.words}]
        raise Problem(422, "This period cannot be taken.", code="wrong_fields", errors=errors) from error
    return {
        "from": schemas.moment(period.start),
        "to": schemas.moment(period.end),
        "as_of": schemas.moment(now),
        "teams": [item.slug for item in scope.teams if scope.chosen in (None, item)],
        "metrics": [schemas.reading_out(item) for item in selectors.read_all(scope, period, now)],
    }
