"""Keyset paging: `?limit=&cursor=` → {"items", "next"}; the cursor is the last row's (time, id)."""

import base64
import binascii
import datetime as dt
import uuid
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.rest.problems import Problem

M = TypeVar("M", bound=Model)
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


def page(
    queryset: QuerySet[M], *, time_field: str, limit: int | None, cursor: str | None
) -> tuple[list[M], str | None]:
    """Return up to `limit` rows, newest first by (time_field, id), and the cursor of the next page or None."""
    size = _size(limit)
    if cursor:
        at, key = _decode(cursor)
        queryset = queryset.filter(Q(**{f"{time_field}__lt": at}) | Q(**{time_field: at, "pk__lt": key}))
    rows = list(queryset.order_by(f"-{time_field}", "-pk")[: size + 1])
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], _encode(getattr(last, time_field), last.pk)


def _size(limit: int | None) -> int:
    size = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= size <= MAX_LIMIT:
        raise Problem(422, f"limit must be 1 to {MAX_LIMIT}.", errors=[{"field": "limit", "error": "out of range"}])
    return size


def _encode(at: dt.datetime, key: Any) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        stamp, key = text.split("|")
        at = dt.datetime.fromisoformat(stamp)
        if at.tzinfo is None:
            raise ValueError(stamp)
        return at, uuid.UUID(key)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise Problem(
            422,
            "This cursor was not made here; start again without it.",
            errors=[{"field": "cursor", "error": "unknown"}],
        ) from None
