"""`manage.py sweeper`: run what the apps registered in live.sweep, each at its own pace."""

import logging
import signal
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from live.sweep import SWEEPS, Sweep
from soc.supervisor.ready import announce_ready

logger = logging.getLogger(__name__)

#: Seconds between looks at the clock: a due sweep starts at most this much late, plus what runs before it.
_LOOK_EVERY_SECONDS = 0.2


@dataclass(slots=True)
class Pace:
    """When a sweep runs next (monotonic), and how often it has failed in a row."""

    sweep: Sweep
    due_at: float = 0.0
    failures: int = 0

    def run_if_due(self) -> None:
        """Run the sweep when its time has come. Whatever it raises is logged, never raised: the others go on."""
        now = time.monotonic()
        if now < self.due_at:
            return
        self.due_at = now + self.sweep.every_seconds
        close_old_connections()
        try:
            moved = self.sweep.function()
        except Exception as error:  # noqa: BLE001 - the outermost handler of a loop that must go on
            self._note_failure(error)
            return
        finally:
            close_old_connections()
        self.failures = 0
        if moved:
            logger.info("sweep.moved", extra={"sweep": self.sweep.name, "rows": moved})

    def _note_failure(self, error: Exception) -> None:
        self.failures += 1
        # One line at the 1st, 2nd, 4th, 8th … failure: an outage of an hour must not fill the log.
        if self.failures & (self.failures - 1) == 0:
            fields = {"sweep": self.sweep.name, "error": f"{type(error).__name__}: {error}", "in_a_row": self.failures}
            logger.error("sweep.failed", extra=fields)


class Command(BaseCommand):
    """Find due rows, for as long as the process lives."""

    help = "Run the registered sweeps until SIGTERM."
    is_asked_to_stop = False

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        paces = [Pace(sweep) for sweep in SWEEPS.values()]
        announce_ready()
        while not self.is_asked_to_stop:
            for pace in paces:
                if not self.is_asked_to_stop:
                    pace.run_if_due()
            time.sleep(_LOOK_EVERY_SECONDS)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_asked_to_stop = True
