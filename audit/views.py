"""The pages of the record: list, one entry, verification, export."""

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audit import export, search, selectors, visibility
from audit.export import CONTENT_TYPES, Format
from audit.verify import Report, verify

_EXPORT_REFUSED = "Only auditors, SOC leads, commanders, managers and admins export the record. Nothing was exported."
_LINES_AT_ONCE = 500


@login_required
@require_GET
def entry_list(request: HttpRequest) -> HttpResponse:
    """Show the newest entries that match `q`, with facets; `before` and `after` page by number."""
    sight = visibility.of(request.user)
    query = search.parse(request.GET.get("q", ""))
    shown = selectors.page(sight, query, before=_number(request, "before"), after=_number(request, "after"))
    context = {
        "query": query,
        "page": shown,
        "facets": selectors.facets(sight, query),
        "sight": sight,
        "formats": list(Format),
        "faceted": selectors.FACETED,
    }
    return render(request, "audit/list.html", context, status=200 if not query.errors else 422)


@login_required
@require_GET
def entry_detail(request: HttpRequest, seq: int) -> HttpResponse:
    """Show every field of one entry with both hashes; not visible is the same as not there."""
    sight = visibility.of(request.user)
    found = selectors.show(sight, selectors.visible(sight).filter(seq=seq))
    if not found:
        raise Http404
    return render(request, "audit/entry.html", {"entry": found[0], "sight": sight})


@login_required
@require_GET
def verification(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain now and say what was found; changes nothing."""
    report: Report | None = None
    failure = ""
    try:
        report = verify()
    except DatabaseError as error:
        # A table that lost a column cannot even be read; that is a finding, not an error page.
        failure = type(error).__name__
    context = {"report": report, "failure": failure, "checked_at": timezone.now(), "sight": visibility.of(request.user)}
    return render(request, "audit/verify.html", context)


@login_required
@require_POST
def export_entries(request: HttpRequest) -> HttpResponseBase:
    """Stream what matches `q` as a file. A POST, because the export becomes an entry itself."""
    sight = visibility.of(request.user)
    if not sight.is_everything:
        return render(request, "errors/403.html", {"words": _EXPORT_REFUSED}, status=403)
    query = search.parse(request.POST.get("q", ""))
    wanted = request.POST.get("format", str(Format.JSONL))
    if query.errors or wanted not in list(Format):
        problem = [*query.errors] or [f"{wanted[:40]} is no format; choose jsonl or csv"]
        return render(request, "audit/export_refused.html", {"errors": problem, "query": query}, status=422)
    file_format = Format(wanted)
    lines = export.begin(sight=sight, where=query.where, file_format=file_format, scope={"q": query.text})
    response = StreamingHttpResponse(
        _in_threads(lines) if isinstance(request, ASGIRequest) else lines, content_type=CONTENT_TYPES[file_format]
    )
    stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="countersign-audit-{stamp}.{file_format}"'
    return response


async def _in_threads(lines: Iterator[str]) -> AsyncIterator[str]:
    """Yield batches without holding up the event loop: each is read from the database in a thread."""
    while batch := await sync_to_async(lambda: list(islice(lines, _LINES_AT_ONCE)))():
        yield "".join(batch)


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 18 else None
