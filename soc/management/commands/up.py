"""`manage.py up`: everything that a desk needs, under one supervisor."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import BaseCommand

from soc.supervisor.errors import CannotStart
from soc.supervisor.run import Options, Run

_KNOWN_PASSWORD = "countersign-demo"  # noqa: S105 - the demo's, printed on purpose; loopback only


class Command(BaseCommand):
    """Start PostgreSQL, Redis, web, worker and sweeper; end them all together."""

    help = "Run Countersign: database, broker, web, worker and sweeper. Ctrl-C ends everything."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--data-dir", type=Path, default=settings.DATA_DIR, help="where the data lies")
        parser.add_argument(
            "--demo", action=BooleanOptionalAction, default=True, help="demo accounts, history and estate"
        )
        parser.add_argument(
            "--replay", type=int, default=12, metavar="ALERTS_PER_MINUTE", help="simulated alerts (0: none)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run(
            Options(
                host=options["host"],
                port=options["port"],
                data_dir=Path(options["data_dir"]).expanduser().absolute(),
                demo=options["demo"],
                replay=options["replay"],
                host_header=_host_header(settings.ALLOWED_HOSTS),
                demo_password=_KNOWN_PASSWORD if settings.DEMO_PASSWORD == _KNOWN_PASSWORD else "",
                has_demo_command="demo" in get_commands(),
            ),
            say=self._say,
        )
        try:
            run.run()
        except CannotStart as reason:
            self.stderr.write(f"countersign: {reason}")
            sys.exit(1)

    def _say(self, line: str) -> None:
        try:
            print(line, flush=True)  # noqa: T201 - a command's own output
        except OSError:  # The terminal is gone; the services are not.
            return


def _host_header(allowed: list[str]) -> str:
    """Return a name under which the web process answers; empty when its address will do."""
    plain = [host for host in allowed if host != "*"]
    if not plain or "127.0.0.1" in plain:
        return ""
    return plain[0].lstrip(".")
