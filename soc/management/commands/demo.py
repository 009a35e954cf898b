"""`manage.py demo seed|history|replay`: the demonstration's people, past and stream."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from soc.demo.cast import sources
from soc.demo.seed import seed, seed_history
from soc.demo.stream import Stream
from soc.demo.world import SOURCES
from soc.supervisor.ready import announce_ready


class Command(BaseCommand):
    """Everything that `manage.py up --demo` runs beside the product itself."""

    help = "Fill a demonstration (seed, history) or keep it busy (replay)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        seeding = parts.add_parser("seed", help="accounts, estate, two weeks of alerts, 25 items to decide; idempotent")
        seeding.add_argument("--with-history", action="store_true", help="write the decided past too (see history)")
        parts.add_parser("history", help="two weeks of decided actions; needs the owner's URL; idempotent")
        replay = parts.add_parser("replay", help="an endless intrusion with its everyday noise")
        replay.add_argument("--rate", type=float, default=12, help="alerts a minute (default 12)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "This writes accounts with a known password: set COUNTERSIGN_DEMO=1 where that is wanted."
            )
        begun = time.monotonic()
        if options["part"] == "replay":
            self._replay(options["rate"])
            return
        if options["part"] == "seed":
            self.stdout.write(f"seeded: {seed()}")
        if options["part"] == "history" or options.get("with_history"):
            self.stdout.write(f"history: {seed_history()}")
        self.stdout.write(f"{time.monotonic() - begun:.1f} s")

    def _replay(self, rate: float) -> None:
        if not 0 < rate <= 6000:
            raise CommandError("--rate takes more than 0 and at most 6000 alerts a minute.")
        if len(sources()) < len(SOURCES):
            raise CommandError("There is nothing to replay into: run `manage.py demo seed` first.")
        stream = Stream(rate=rate)
        stream.obey_signals()
        announce_ready()
        stream.run()
