"""`manage.py evaluate`: the engine's figures on labelled files, beside the bare prior's. Touches no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.evaluate.rows import BadRowError
from agents.evaluate.run import evaluate


class Command(BaseCommand):
    """Train on files, test on others, print one JSON object."""

    help = "Triage labelled alerts and print the figures as one JSON object; nothing is written to the database."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="labelled rows, JSON Lines or gzipped")
        parser.add_argument(
            "--train",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="verdicts to learn first, as analysts' verdicts (repeatable)",
        )
        parser.add_argument("--engine", choices=["embedded", "claude"], default="embedded")
        parser.add_argument("--prequential", action="store_true", help="learn each row's verdict after triaging it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["engine"] == "claude":
            raise CommandError("The engine 'claude' is not part of this version; use --engine embedded.")
        try:
            report = evaluate(options["train"], options["files"], prequential=options["prequential"])
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except BadRowError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(report, indent=2))
