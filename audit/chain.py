"""The chain as a stream of rows, and what can be wrong with one of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.db import connection, transaction

#: The hash before the first entry.
GENESIS = bytes(32)
_FETCH = 2_000

#: Copies of the body's fields that lists and searches read; the expression is what each must equal.
_COPIES = {
    "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')": "body->>'at'",
    "action": "body->>'action'",
    "actor_kind": "body->'actor'->>'kind'",
    "actor_id": "body->'actor'->>'id'",
    "actor_name": "body->'actor'->>'name'",
    "object_type": "body->'object'->>'type'",
    "object_id": "body->'object'->>'id'",
    "object_label": "body->'object'->>'label'",
    "team_id": "body->>'team_id'",
    "request_id": "body->'request'->>'id'",
    "search_text": (
        "lower(concat_ws(' ', coalesce(body->'actor'->>'name', ''), coalesce(body->'actor'->>'id', ''),"
        " coalesce(body->'object'->>'type', ''), coalesce(body->'object'->>'id', ''),"
        " coalesce(body->'object'->>'label', ''), coalesce(body->>'reason', '')))"
    ),
}
_AGREE = " AND ".join(f"{copy} IS NOT DISTINCT FROM coalesce({source}, '')" for copy, source in _COPIES.items())

# One statement is one snapshot: entries that arrive meanwhile belong to neither the rows nor the head.
_ROWS = f"""
SELECT e.seq, e.body::text, e.prev_hash, e.hash, coalesce(e.body->>'seq', ''), ({_AGREE}), h.seq, h.hash
FROM public.audit_entry e LEFT JOIN public.audit_head h ON true
WHERE e.seq > %s ORDER BY e.seq LIMIT %s
"""  # noqa: S608 - built from the constants above only


class Problem(StrEnum):
    """What is wrong, as one stable word for programs and tests."""

    EDITED = "edited"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    REWRITTEN = "rewritten"
    COLUMN_DIFFERS = "column_differs"
    HEAD_DIFFERS = "head_differs"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first entry that does not hold, and why."""

    seq: int
    problem: Problem
    words: str


class Row(NamedTuple):
    """One stored entry with the head of its snapshot; `own_seq` is the number inside the hashed text."""

    seq: int
    text: str | None
    prev_hash: bytes
    hash: bytes
    own_seq: str
    copies_agree: bool
    head_seq: int | None
    head_hash: bytes | None


def digest(prev_hash: bytes, text: str) -> bytes:
    """Return an entry's hash: SHA-256 over the 32 bytes of the one before and the body as PostgreSQL prints it."""
    return hashlib.sha256(prev_hash + text.encode()).digest()


def rows(*, after: int = 0, most: int | None = None) -> Iterator[Row]:
    """Stream entries above `after` in order, through a cursor of the server: memory stays flat."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS, [after, most])
        while batch := cursor.fetchmany(_FETCH):
            yield from map(Row._make, batch)


def head() -> tuple[int, bytes]:
    """Return number and hash of the last entry as the head row has them; (-1, b"") when the row is gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM public.audit_head")
        row = cursor.fetchone()
    return (int(row[0]), bytes(row[1])) if row else (-1, b"")


def check(row: Row, *, expected: int, previous: bytes) -> Finding | None:
    """Compare one row with what must follow entry `expected - 1`, whose hash is `previous`."""
    return _check_place(row, expected) or _check_content(row, previous)


def _check_place(row: Row, expected: int) -> Finding | None:
    if row.seq > expected:
        return Finding(expected, Problem.MISSING, f"it is missing; the next one is {row.seq}")
    if row.seq < expected:
        return Finding(row.seq, Problem.OUT_OF_ORDER, "it is there twice")
    if row.own_seq != str(row.seq):
        return Finding(row.seq, Problem.OUT_OF_ORDER, f"it was moved: its content says number {row.own_seq or 'none'}")
    return None


def _check_content(row: Row, previous: bytes) -> Finding | None:
    fits = digest(row.prev_hash, row.text or "") == row.hash
    if row.prev_hash != previous:
        return _broken_link(row, fits=fits)
    if not fits:
        return Finding(row.seq, Problem.EDITED, "its content does not match its hash: one of them was edited")
    if not row.copies_agree:
        return Finding(row.seq, Problem.COLUMN_DIFFERS, "a column that lists read differs from the hashed content")
    return None


def _broken_link(row: Row, *, fits: bool) -> Finding:
    # A row that still fits its own hash was not touched: it remembers what the one before it used to be.
    if fits and row.seq > 1:
        words = f"it was rewritten with a new hash; entry {row.seq} still holds the old one"
        return Finding(row.seq - 1, Problem.REWRITTEN, words)
    return Finding(row.seq, Problem.EDITED, "the hash of the entry before it was edited here")
