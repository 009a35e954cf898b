"""What a page asks while its socket is away, and every 30 s besides."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from live import topics
from live.rendering import messages_for
from live.selectors import latest_id, missed
from live.wishes import Wishes


@require_safe
@never_cache
def since(request: HttpRequest) -> HttpResponse:
    """Answer `?since=ID` with 204, or with `{"event", "latest", "changes", "content"}` as this viewer may see it."""
    if not request.user.is_authenticated:
        return _refuse(401, "The session has ended. Log in again.")
    if not topics.is_entitled(request.user):
        return _refuse(403, "Without a role and a team there is nothing to see.")
    wishes = Wishes.read({"since": request.GET.get("after", "0"), **request.GET.dict()})
    newest = latest_id()
    pointers = missed(wishes.since, margin_seconds=0)
    if not pointers:
        return HttpResponse(status=204)
    messages = [json.loads(each.text) for each in messages_for(request.user, pointers, wishes.topics, again=True)]
    return JsonResponse(
        {
            "event": newest,
            "latest": newest,
            "changes": messages[0]["count"] if messages and messages[0]["kind"] == "many" else len(messages),
            "content": "".join(each["content"] for each in messages),
        }
    )


def _refuse(status: int, detail: str) -> JsonResponse:
    return JsonResponse(
        {"type": "about:blank", "status": status, "detail": detail},
        status=status,
        content_type="application/problem+json",
    )
