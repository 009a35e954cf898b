"""Entries as files: JSON Lines and CSV that are safe to open in a terminal and in a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import Iterator
from enum import StrEnum

from django.db import transaction
from django.db.models import Max, Q

from audit import services
from audit.models import Entry
from audit.selectors import without_veiled
from audit.visibility import Sight

_PAGE = 1_000
#: What a spreadsheet may take for a formula, full-width forms included.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
#: Control characters, and those that turn the direction of text or have no width.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_COLUMNS = (
    "seq", "at", "action", "actor_kind", "actor_id", "actor_name", "actor_role", "object_type", "object_id",
    "object_label", "before", "after", "reason", "team_id", "request_id", "ip", "auth", "prev_hash", "hash",
)  # fmt: skip


class Format(StrEnum):
    """The two file formats."""

    JSONL = "jsonl"
    CSV = "csv"


CONTENT_TYPES = {Format.JSONL: "application/x-ndjson", Format.CSV: "text/csv; charset=utf-8"}


def begin(*, sight: Sight, where: Q, file_format: Format, scope: dict[str, str]) -> Iterator[str]:
    """Put the export on the record, then return the lines of what was there before it, oldest first.

    `scope` says in words what was asked for ({"q": ..., "since": ..., "until": ...}) and becomes part of the entry.
    """
    with transaction.atomic():
        chosen = Entry.objects.filter(where)
        upto = chosen.aggregate(last=Max("seq"))["last"] or 0
        services.record(
            action="audit.log.exported",
            actor=sight.actor,
            object_type="audit_log",
            object_id="audit",
            object_label="Audit record",
            after={"format": file_format.value, "entries": chosen.filter(seq__lte=upto).count(), "upto": upto, **scope},
        )
    return lines(sight=sight, where=where, upto=upto, file_format=file_format)


def lines(*, sight: Sight, where: Q, upto: int, file_format: Format) -> Iterator[str]:
    """Yield the entries up to number `upto`, each as one line with its newline; no transaction stays open."""
    if file_format is Format.CSV:
        yield _csv_line(_COLUMNS)
    make = _as_csv if file_format is Format.CSV else _as_json
    after = 0
    while page := list(Entry.objects.filter(where, seq__gt=after, seq__lte=upto).order_by("seq")[:_PAGE]):
        for entry in without_veiled(sight, page):
            yield make(entry)
        after = page[-1].seq


def visible(text: str) -> str:
    """Return text with control and direction characters written out (\\x1b, \\u202e): a terminal shows, not obeys."""
    return _UNSAFE.sub(_escape, text)


def cell(text: str) -> str:
    """Return text as a spreadsheet may show it: written-out controls, and no formula."""
    shown = visible(text)
    return f"'{shown}" if _FORMULA.match(shown) or text[:1] in ("\t", "\r") else shown


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(number) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _as_json(entry: Entry) -> str:
    line = {"seq": entry.seq, "prev_hash": _hex(entry.prev_hash), "hash": _hex(entry.hash), "body": entry.body}
    return json.dumps(line, ensure_ascii=True) + "\n"


def _as_csv(entry: Entry) -> str:
    body = entry.body
    actor, target, request = body.get("actor") or {}, body.get("object") or {}, body.get("request") or {}
    return _csv_line(
        (
            str(entry.seq), str(body.get("at", "")), entry.action, entry.actor_kind, entry.actor_id, entry.actor_name,
            str(actor.get("role", "")), entry.object_type, entry.object_id, str(target.get("label", "")),
            json.dumps(body.get("before") or {}, ensure_ascii=False),
            json.dumps(body.get("after") or {}, ensure_ascii=False),
            str(body.get("reason", "")), entry.team_id, entry.request_id, str(request.get("ip", "")),
            str(request.get("auth", "")), _hex(entry.prev_hash), _hex(entry.hash),
        )
    )  # fmt: skip


def _csv_line(values: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cell(value) for value in values)
    return buffer.getvalue()


def _hex(value: bytes | memoryview) -> str:
    return bytes(value).hex()
