"""Health, and what belongs to no app."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from redis import Redis
from redis.exceptions import RedisError


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives, whatever else is down."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """One line per dependency; 503 when decisions cannot be taken."""
    lines = {"postgresql": _postgresql(), "redis": _redis()}
    ready = lines["postgresql"].startswith("ok")
    return JsonResponse({"ready": ready, **lines}, status=200 if ready else 503)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was stale or forged, and that nothing happened."""
    return render(request, "errors/csrf.html", status=403)


def _postgresql() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_user, pg_has_role(current_user, tableowner, 'USAGE') FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename = 'django_migrations'"
            )
            row = cursor.fetchone()
    except DatabaseError as error:
        return f"down: {type(error).__name__}"
    if row and row[1]:
        return "ok, but the owner's role serves: the audit log can be changed by the application (set two roles)"
    return "ok"


def _redis() -> str:
    try:
        Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5).ping()
    except (RedisError, ValueError) as error:
        return f"down: live updates are off, pages still work ({type(error).__name__})"
    return "ok"
