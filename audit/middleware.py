"""Give every request an id, and every audit entry of the request its origin."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.context import RequestContext, bound, new_request_id

#: allauth keeps the methods of the running session under this key: [{"method": "password", "at": ...}, ...].
_ALLAUTH_METHODS = "account_authentication_methods"


class RequestContextMiddleware:
    """Bind id, address and log-in method; answer with `X-Request-Id` so that a reader can find the entries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        context = RequestContext(
            request_id=new_request_id(),
            # The server replaces it by the proxy's word where one is trusted; a header alone is not believed here.
            ip=str(request.META.get("REMOTE_ADDR") or ""),
            auth_of_session=lambda: _method_of_session(request),
        )
        with bound(context):
            response = self.get_response(request)
        response["X-Request-Id"] = context.request_id
        return response


def _method_of_session(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    methods = request.session.get(_ALLAUTH_METHODS) or []
    last = methods[-1] if isinstance(methods, list) and methods else {}
    return str(last.get("method") or "session") if isinstance(last, dict) else "session"
