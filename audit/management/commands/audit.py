"""`manage.py audit verify` and `manage.py audit export`."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import Q

from audit import context, export
from audit.actors import Actor
from audit.export import Format
from audit.search import parse_moment
from audit.verify import Report, verify
from audit.visibility import Sight


class Command(BaseCommand):
    """Check the record or write it out."""

    help = "Verify the audit record, or export it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two subcommands with their own options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|export")
        check = verbs.add_parser("verify", help="exit 0 if every entry holds, else 1 with the first bad number")
        check.add_argument("--checkpoints", type=Path, metavar="DIR", help="folder of signed checkpoints")
        check.add_argument("--keys", type=Path, metavar="DIR", help="folder of the trusted public keys (<id>.pub)")
        write = verbs.add_parser("export", help="write entries to standard output, oldest first")
        write.add_argument("--since", default="", help="ISO 8601 date or time, UTC unless it says otherwise")
        write.add_argument("--until", default="", help="likewise; a date means its last moment")
        write.add_argument("--format", choices=[str(value) for value in Format], default=str(Format.JSONL))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the chosen one."""
        if options["verb"] == "verify":
            self._verify(options["checkpoints"], options["keys"])
        else:
            self._export(options["since"], options["until"], Format(options["format"]))

    def _verify(self, folder: Path | None, key_folder: Path | None) -> None:
        try:
            report = verify(folder, key_folder)
        except DatabaseError as error:
            raise CommandError(f"the record could not be read, so nothing is verified: {error}") from error
        self.stderr.write(coverage(report))
        if report.finding:
            raise CommandError(f"entry {report.finding.seq}: {report.finding.words}")
        self.stdout.write(f"verified {report.entries} entries, head {report.head_hash}")

    def _export(self, since: str, until: str, file_format: Format) -> None:
        where = Q()
        try:
            where &= Q(at__gte=parse_moment(since)) if since else Q()
            where &= Q(at__lte=parse_moment(until, is_end=True)) if until else Q()
        except ValueError as error:
            raise CommandError(str(error)) from error
        actor = Actor(kind="system", id="command-line", name=f"command line ({getpass.getuser()})")
        sight = Sight(actor, is_everything=True)
        scope = {"since": since, "until": until}
        with context.bound(context.RequestContext(auth_method="command")):
            for line in export.begin(sight=sight, where=where, file_format=file_format, scope=scope):
                self.stdout.write(line, ending="")


def coverage(report: Report) -> str:
    """Say in one line how far signatures reach."""
    signed = report.signed
    if not signed.files:
        return "checkpoints: none; a rewritten or cut end of the record would not show"
    rest = f"; {report.unsigned} later entries are held by the chain alone" if report.unsigned else ""
    return f"checkpoints: {signed.files} in {signed.folder} cover entries 1 to {signed.to_seq} (key {signed.key}){rest}"
