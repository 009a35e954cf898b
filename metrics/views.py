"""/metrics/: the tiles; /metrics/<key>/: the rows behind one; /metrics/<key>.csv: the same rows as a file."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from metrics import periods, selectors
from metrics.clock import database_now
from metrics.definitions import BY_KEY, Definition
from metrics.export import csv_lines
from metrics.periods import BadPeriod, Period
from metrics.present import Tile, row_line
from metrics.readings import ENOUGH
from metrics.selectors import Scope

_Parameters = ParamSpec("_Parameters")
_View = Callable[Concatenate[HttpRequest, _Parameters], HttpResponseBase]
_NO_ROLE = "Metrics are for people who hold a role in a team. An admin grants roles."
PAGE = 100
_MAX_PAGE = 1000
_LINES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What the filter form asks for, as texts."""

    range: str
    since: str
    until: str
    team: str

    @property
    def query(self) -> str:
        """The same wish as a query string, for links."""
        dates = {"from": self.since, "to": self.until} if self.range == periods.CUSTOM else {}
        chosen = {"range": self.range, **dates, "team": self.team}
        return urlencode({name: value for name, value in chosen.items() if value})

    def period(self, now: Any) -> Period:
        """Return the period. Raises BadPeriod."""
        if self.range == periods.CUSTOM:
            return periods.between(self.since, self.until, now)
        return periods.named(self.range, now)


def _viewer_required(view: _View[_Parameters]) -> _View[_Parameters]:
    """Let people with a role through; log-in for nobody, 403 for people without one."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> HttpResponseBase:
        if not selectors.may_see(_person(request)):
            return render(request, "errors/403.html", {"words": _NO_ROLE}, status=403)
        return view(request, *args, **kwargs)

    return guarded


@login_required
@require_safe
@_viewer_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show every metric of the period as a tile."""
    now, wish, scope = _asked(request)
    context = _frame(wish, scope, now)
    try:
        period = wish.period(now)
    except BadPeriod as error:
        return render(request, "metrics/overview.html", context | {"error": error}, status=422)
    tiles = [Tile(reading) for reading in selectors.read_all(scope, period, now)]
    context |= {
        "period": period,
        "groups": _groups([tile for tile in tiles if tile.definition.is_computed]),
        "missing": [tile for tile in tiles if not tile.definition.is_computed],
    }
    return render(request, "metrics/overview.html", context)


@login_required
@require_safe
@_viewer_required
def behind(request: HttpRequest, key: str) -> HttpResponse:
    """Show the rows behind one metric, newest first."""
    now, wish, scope = _asked(request)
    definition = _definition(key)
    context = _frame(wish, scope, now) | {"definition": definition}
    try:
        period = wish.period(now)
    except BadPeriod as error:
        return render(request, "metrics/rows.html", context | {"error": error}, status=422)
    reading = selectors.read(scope, period, now, definition)
    number = _page_number(request)
    found = selectors.rows(scope, period, now, definition, offset=(number - 1) * PAGE, limit=PAGE + 1)
    context |= {
        "period": period,
        "tile": Tile(reading),
        "rows": [row_line(row, reading) for row in found[:PAGE]],
        "newer": number - 1,
        "older": number + 1 if len(found) > PAGE else 0,
    }
    return render(request, "metrics/rows.html", context)


@login_required
@require_safe
@_viewer_required
def as_csv(request: HttpRequest, key: str) -> HttpResponseBase:
    """Stream the rows behind one metric as a file."""
    now, wish, scope = _asked(request)
    definition = _definition(key)
    try:
        period = wish.period(now)
    except BadPeriod as error:
        return HttpResponse(f"{error.field}: {error.words}\n", status=422, content_type="text/plain; charset=utf-8")
    lines = csv_lines(definition, selectors.every_row(scope, period, now, definition))
    response = StreamingHttpResponse(
        _in_threads(lines) if isinstance(request, ASGIRequest) else lines, content_type="text/csv; charset=utf-8"
    )
    span = f"{period.start:%Y%m%d}-{period.end:%Y%m%d}"
    response["Content-Disposition"] = f'attachment; filename="countersign-{definition.key}-{span}.csv"'
    return response


async def _in_threads(lines: Iterator[str]) -> AsyncIterator[str]:
    """Hand the lines over in blocks; the thread of the request reads them, so that the event loop stays free."""

    def block() -> str:
        return "".join(islice(lines, _LINES_AT_ONCE))

    while text := await sync_to_async(block)():
        yield text


def _asked(request: HttpRequest) -> tuple[Any, Wish, Scope]:
    """Return the database's time, what was asked for, and whose rows count; 404 for a team of others."""
    get = request.GET
    dates = bool(get.get("from") or get.get("to"))
    wish = Wish(
        range=get.get("range") or (periods.CUSTOM if dates else periods.DEFAULT),
        since=get.get("from", "")[:40],
        until=get.get("to", "")[:40],
        team=get.get("team", "")[:64],
    )
    try:
        return database_now(), wish, selectors.scope_of(_person(request), wish.team)
    except selectors.NoSuchTeam:
        raise Http404 from None


def _frame(wish: Wish, scope: Scope, now: Any) -> dict[str, Any]:
    """Return what every page of the app needs: the form's state and the stamp."""
    return {
        "wish": wish,
        "query": wish.query,
        "ranges": [(name, label) for name, (label, _) in periods.RANGES.items()],
        "custom": periods.CUSTOM,
        "teams": scope.teams,
        "chosen": scope.chosen,
        "as_of": now,
        "enough": ENOUGH,
    }


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required went first
    return request.user


def _groups(tiles: list[Tile]) -> list[tuple[str, list[Tile]]]:
    titles = {"nine": "Promised", "ours": "How people decide"}
    groups = [(title, [tile for tile in tiles if tile.definition.group == key]) for key, title in titles.items()]
    return [group for group in groups if group[1]]


def _definition(key: str) -> Definition:
    if key not in BY_KEY:
        raise Http404
    return BY_KEY[key]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), _MAX_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 1
