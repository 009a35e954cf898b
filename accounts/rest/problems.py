"""Errors of the API: application/problem+json (RFC 9457)."""

import json
from typing import Any

from django.http import HttpResponse

_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Wrong fields",
    429: "Too many requests",
    503: "Unavailable",
}


class Problem(Exception):
    """An error that the caller can act on.

    `detail` says what happened, what did not happen and what to do; `code` is a stable word for programs;
    `errors` is a list of {"field"|"index", "error"}; `extra` adds members to the body (the current action on 409).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: list[dict[str, Any]] | None = None,
        extra: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = errors or []
        self.extra = extra or {}
        self.retry_after = retry_after


def problem_response(
    status: int,
    detail: str,
    *,
    code: str = "",
    errors: list[dict[str, Any]] | None = None,
    extra: dict[str, Any] | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    """Return the error as a response."""
    body = {
        **(extra or {}),
        "type": f"urn:countersign:problem:{code or status}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "errors": errors or [],
    }
    if code:
        body["code"] = code
    response = HttpResponse(json.dumps(body, default=str), status=status, content_type="application/problem+json")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def respond(problem: Problem) -> HttpResponse:
    """Return a raised problem as a response."""
    return problem_response(
        problem.status,
        problem.detail,
        code=problem.code,
        errors=problem.errors,
        extra=problem.extra,
        retry_after=problem.retry_after,
    )
