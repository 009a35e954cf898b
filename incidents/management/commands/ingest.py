"""`manage.py ingest FILE...`: real alerts from files, through the same service as the API."""

import gzip
import json
import sys
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import AlertSource
from accounts.services import AccountError, create_source, create_team
from incidents.models import IngestBatch, TriageState
from incidents.normalize import FORMATS
from incidents.services.ingest import IngestResult, ingest
from incidents.wire import RawItem, read_item

BATCH = 500
POLL_SECONDS = 0.5
_GZIP = b"\x1f\x8b"


class Command(BaseCommand):
    """Exit 0 when everything was taken, 1 when anything was rejected."""

    help = "Read alerts from JSON or JSON Lines files (either may be gzipped) and ingest them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument("--source", default="cli", metavar="NAME", help="deliver as this source (made if missing)")
        parser.add_argument("--format", default="auto", help=f"one of {', '.join(FORMATS)}; auto detects")
        parser.add_argument("--at", default="", metavar="MEMBER", help="take this member of each row")
        parser.add_argument("--drop", default="", metavar="A,B", help="remove these members first")
        parser.add_argument("--wait", action="store_true", help="return when all of them are triaged")

    def handle(self, *args: Any, **options: Any) -> None:
        run = _Run(
            source=_source(options["source"]),
            named=options["format"],
            at=options["at"],
            drop=frozenset(name.strip() for name in options["drop"].split(",") if name.strip()),
        )
        for path in options["files"]:
            self._read(path, run)
        if options["wait"]:
            self._wait(run.batch_ids)
        self.stdout.write(json.dumps(run.totals()))
        if run.rejected:
            sys.exit(1)

    def _read(self, path: Path, run: "_Run") -> None:
        try:
            with _open(path) as stream, tqdm(desc=path.name, unit=" alerts", disable=not sys.stderr.isatty()) as bar:
                for number, raw in _rows(stream):
                    run.add(number, raw)
                    if len(run.waiting) >= BATCH:
                        bar.update(self._flush(path, run))
                bar.update(self._flush(path, run))
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise CommandError(f"{path} cannot be read: {error}. {json.dumps(run.totals())}") from error

    def _flush(self, path: Path, run: "_Run") -> int:
        read = len(run.waiting)
        for index, error in run.flush():
            self.stderr.write(f"{path}:{index}: {error}")
        return read

    def _wait(self, batch_ids: list[uuid.UUID]) -> None:
        """Return when every batch is triaged, or has failed for good: those are said on stderr."""
        mine = IngestBatch.objects.filter(id__in=batch_ids)
        while mine.exclude(triage_state__in=(TriageState.DONE, TriageState.FAILED)).exists():
            time.sleep(POLL_SECONDS)
        failed = mine.filter(triage_state=TriageState.FAILED).count()
        if failed:
            self.stderr.write(f"{failed} batches could not be triaged; their alerts say why.")


class _Run:
    """What one call of the command has read so far, and the batch it is filling. `index` of an item is its line."""

    def __init__(self, *, source: AlertSource, named: str, at: str, drop: frozenset[str]) -> None:
        self.source, self.named, self.at, self.drop = source, named, at, drop
        self.waiting: list[RawItem] = []
        self.read = self.created = self.duplicates = self.rejected = 0
        self.batch_ids: list[uuid.UUID] = []

    def add(self, number: int, raw: bytes) -> None:
        """Take one row; what cannot be taken is kept as a refusal with its line."""
        self.read += 1
        item = read_item(number, raw, max_bytes=settings.MAX_ALERT_BYTES)
        if not item.error and (self.at or self.drop):
            item = _reshaped(item, self.at, self.drop)
        self.waiting.append(item)

    def flush(self) -> list[tuple[int, str]]:
        """Ingest what waits and return (line, reason) of what was rejected."""
        result = ingest(source=self.source, items=self.waiting, format=self.named) if self.waiting else IngestResult()
        self.waiting = []
        self.created += result.created
        self.duplicates += result.duplicates
        self.rejected += len(result.rejected)
        self.batch_ids += result.batch_ids
        return [(entry["index"], entry["error"]) for entry in result.rejected]

    def totals(self) -> dict[str, int]:
        """Return the counts so far."""
        return {
            "read": self.read,
            "created": self.created,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
        }


def _reshaped(item: RawItem, at: str, drop: frozenset[str]) -> RawItem:
    """Return the member `at` of the row without the members in `drop`; its raw text is what remains."""
    row = item.payload
    if isinstance(row, dict):
        row = {key: value for key, value in row.items() if key not in drop}
    if at:
        if not isinstance(row, dict) or at not in row:
            return RawItem(item.index, error=f"The row has no member {at!r}.")
        row = row[at]
        if isinstance(row, dict):
            row = {key: value for key, value in row.items() if key not in drop}
    inner = read_item(item.index, msgspec.json.encode(row), max_bytes=settings.MAX_ALERT_BYTES)
    return RawItem(inner.index, inner.raw, inner.payload, (*item.notes, *inner.notes), inner.error)


def _open(path: Path) -> BinaryIO:
    """Open a file, gzipped or not: its first bytes decide, not its name."""
    with path.open("rb") as probe:
        packed = probe.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _rows(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (line, row) of JSON Lines; of a JSON array its members, from 1; or one object spread over lines."""
    number, first = 1, stream.readline()
    while first and not first.strip():
        number, first = number + 1, stream.readline()
    if _is_row(first):
        yield number, first
        yield from _lines(stream, number + 1)
        return
    body = first + stream.read()
    members = _members(body)
    yield from _lines(iter(body.split(b"\n")), number) if members is None else enumerate(members, start=1)


def _lines(lines: Iterable[bytes], start: int) -> Iterator[tuple[int, bytes]]:
    return ((number, row) for number, row in enumerate(lines, start=start) if row.strip())


def _is_row(line: bytes) -> bool:
    """A first line that is a whole object or text by itself is JSON Lines."""
    text = line.strip()
    return text.startswith((b"{", b'"')) and text.endswith((b"}", b'"')) and len(text) > 1


def _members(body: bytes) -> list[bytes] | None:
    """Return the members of a JSON array, or the one value that the file is; None when it is neither."""
    try:
        if body.lstrip().startswith(b"["):
            return [bytes(member) for member in msgspec.json.decode(body, type=list[msgspec.Raw])]
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return [body]


def _source(name: str) -> AlertSource:
    """Return the source of that name; a new one belongs to the team `soc`."""
    try:
        team = create_team(slug="soc", name="SOC")
        return AlertSource.objects.filter(name=name).first() or create_source(name=name, team=team)
    except AccountError as error:
        raise CommandError(str(error)) from error
