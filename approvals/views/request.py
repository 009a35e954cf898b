"""What the pages ask of a request: whose it is, whether it wants a part, whether a browser only guessed."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from accounts.models import User

_Parameters = ParamSpec("_Parameters")


def person_required(
    view: Callable[Concatenate[HttpRequest, _Parameters], HttpResponse],
) -> Callable[Concatenate[HttpRequest, _Parameters], HttpResponse]:
    """Let people through. Others go to the log-in and come back to the page they were on, also from a swapped part."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> HttpResponse:
        if isinstance(request.user, User):
            return view(request, *args, **kwargs)
        if not is_htmx(request):
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/queue/")
        here = urlsplit(request.headers.get("HX-Current-URL", "/queue/"))
        login = redirect_to_login(here.path + (f"?{here.query}" if here.query else ""))
        return HttpResponse(status=204, headers={"HX-Redirect": login["Location"]})

    return guarded


def person_of(request: HttpRequest) -> User:
    """Return the person of a request that person_required let through."""
    assert isinstance(request.user, User)  # noqa: S101 - person_required saw to it
    return request.user


def is_part(request: HttpRequest, element_id: str) -> bool:
    """Tell whether htmx asks for the element alone. Going back in history asks for the page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Target", "").endswith(f"#{element_id}")
    )


def is_htmx(request: HttpRequest) -> bool:
    """Tell whether the answer is swapped into a page."""
    return request.headers.get("HX-Request") == "true"


def is_prefetch(request: HttpRequest) -> bool:
    """Tell whether a browser loads the page before anybody asked for it: nobody has seen anything then."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return "prefetch" in purpose or "prerender" in purpose
