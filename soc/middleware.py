"""Headers and limits that hold for every response."""

import logging
import os
from collections.abc import Callable
from typing import ClassVar

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.rest.problems import problem_response

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]


class ContentSecurityPolicyMiddleware:
    """Send SECURE_CSP (Django 6's setting names) and forbid caching of pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class BodyLimitMiddleware:
    """Refuse a body over MAX_BODY_BYTES before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            length = max(int(request.META.get("CONTENT_LENGTH") or 0), _received(request))
        except ValueError:
            return problem_response(400, "The Content-Length header is not a number.")
        if length > settings.MAX_BODY_BYTES:
            return problem_response(
                413, f"The body has {length} bytes; at most {settings.MAX_BODY_BYTES} are taken. Nothing was stored."
            )
        return self.get_response(request)


def _received(request: HttpRequest) -> int:
    """Return how many bytes came: a chunked body names no length. Under ASGI it lies in a file by now."""
    stream = getattr(request, "_stream", None)
    if not isinstance(request, ASGIRequest) or stream is None or not stream.seekable():
        return 0
    size = int(stream.seek(0, os.SEEK_END))
    stream.seek(0)
    return size


class ApiProblemMiddleware:
    """Under /api/ every error is problem+json, those of Django and django-ninja too."""

    words: ClassVar = {
        404: "There is no such call. GET /api/v1/openapi.json lists them.",
        405: "This call does not take this method.",
        500: "Something failed here; what was asked may not have been done. The log names it under this X-Request-Id.",
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_html = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not is_html or not request.path.startswith("/api/"):
            return response
        problem = problem_response(response.status_code, self.words.get(response.status_code, response.reason_phrase))
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                problem[header] = response[header]
        return problem


class UnavailableMiddleware:
    """A database that is away answers 503 in words: no decision is taken, none is lost."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError):
            # A text that PostgreSQL cannot hold (NUL) in a parameter or a form: the caller's fault, said as such.
            return _answer(request, 400, "A value holds characters that cannot be stored (NUL). Nothing was changed.")
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("database.unavailable", extra={"path": request.path, "error": type(exception).__name__})
        response = _answer(
            request, 503, "The database does not answer. Nothing was decided or stored; try again in a few seconds."
        )
        response["Retry-After"] = "5"
        return response


def _answer(request: HttpRequest, status: int, words: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(status, words)
    return render(request, "errors/503.html", {"words": words}, status=status)
