"""The one API object: problem+json for every error, strict JSON for every body, the routers of the apps."""

import importlib
import logging
from importlib.util import find_spec
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from accounts.rest import strict_json
from accounts.rest.problems import Problem, problem_response, respond

logger = logging.getLogger(__name__)
ROUTERS = ("incidents", "approvals", "agents", "metrics")


class StrictParser(Parser):
    """Bodies that two parsers could read differently are refused (accounts/rest/strict_json.py)."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body; the problem is kept on the request, because django-ninja drops the exception's words."""
        try:
            return strict_json.loads(request.body)
        except Problem as problem:
            request.json_problem = problem  # type: ignore[attr-defined]
            raise


def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name each wrong field; never echo the value."""
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"] if part not in ("body", "payload", "query", "path")),
            "error": item["msg"],
        }
        for item in error.errors
    ]
    return problem_response(422, "Some fields cannot be taken; nothing was stored.", code="wrong_fields", errors=errors)


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    problem = getattr(request, "json_problem", None)
    return respond(problem) if problem is not None else problem_response(error.status_code, str(error))


def _unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem_response(401, "Log in, or send a token.")


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem_response(404, "There is no such object.")


#: django-ninja types a handler as taking the class as well as its instances, which it never does.
_ANSWERS: dict[type[Exception], Any] = {
    Problem: lambda _, error: respond(error),
    ValidationError: _validation,
    HttpError: _http,
    AuthenticationError: _unknown_caller,
    Http404: _not_found,
}


def build() -> NinjaAPI:
    """Return the API with the routers of the apps that have landed."""
    api = NinjaAPI(
        title="Countersign",
        version="1",
        description="Agents propose, people decide. docs/api.md explains each call.",
        parser=StrictParser(),
        docs_url=None,
        urls_namespace="api",
    )
    for kind, answer in _ANSWERS.items():
        api.add_exception_handler(kind, answer)
    for app in ROUTERS:
        if find_spec(f"{app}.api"):
            api.add_router("", importlib.import_module(f"{app}.api").router)
    return api


api = build()
