"""The replay: alerts for ever, at a rate an eye can follow, and now and then a proposal."""

import datetime as dt
import logging
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from django.db import DatabaseError, close_old_connections, connection

from incidents.services.ingest import ingest
from soc.demo import cast, stories
from soc.demo.past import raw_item
from soc.demo.respond import Responder
from soc.demo.scene import Item, Scene

logger = logging.getLogger(__name__)

#: Alerts are handed over this often; at a slow rate one by one.
BATCH_SECONDS = 1.0
#: The agents say this often that they live.
BEAT_SECONDS = 30.0
#: A rate that was missed (a restart of the database, a sleeping laptop) is not made up for beyond this.
MOST_BEHIND_SECONDS = 5.0


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """A delivery under way is one transaction, which the database takes back: there is nothing to tidy up."""
    os._exit(0)


@dataclass(slots=True)
class Stream:
    """Delivers `rate` alerts a minute until it is told to stop. `wait` sleeps, and returns True when it is to end."""

    rate: float
    chance: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], bool] = _sleep
    responder: Responder = field(default_factory=Responder)

    def obey_signals(self) -> None:
        """End at once on SIGTERM and SIGINT."""
        signal.signal(signal.SIGTERM, _end_at_once)
        signal.signal(signal.SIGINT, _end_at_once)

    def run(self) -> None:
        """Deliver until stopped. The database may go away and come back meanwhile."""
        lines = stories.replay(self.chance)
        telling = _Telling(self.chance)
        owed, last, next_beat = 1.0, self.clock(), self.clock() + BEAT_SECONDS
        while not self.wait(max(BATCH_SECONDS, min(60 / self.rate, 5.0)) if owed < 1 else 0):
            now = self.clock()
            owed += min(now - last, MOST_BEHIND_SECONDS) * self.rate / 60
            last = now
            if owed >= 1:
                items = [telling.item(next(lines)) for _ in range(int(owed))]
                self._guarded(lambda items=items: deliver(items))  # type: ignore[misc]
                owed -= len(items)
            self._guarded(self.responder.look)
            if now >= next_beat:
                self._guarded(cast.beat)
                next_beat = now + BEAT_SECONDS

    def _guarded(self, step: Callable[[], object]) -> None:
        """A database that is away costs this step, not the stream."""
        close_old_connections()
        try:
            step()
        except DatabaseError as error:
            logger.warning("replay.missed", extra={"error": type(error).__name__})
            connection.close()


@dataclass(slots=True)
class _Telling:
    """Keeps the circumstances of the intrusion under way, so that its steps belong together."""

    chance: random.Random
    scene: Scene | None = None

    def item(self, line: stories.Line) -> Item:
        """Return the next alert: a step of the intrusion in its scene, anything else in one of its own."""
        at = dt.datetime.now(dt.UTC)
        steps = [step for step, _ in stories.INTRUSION]
        if line not in steps:
            return stories.tell(line, stories.scene_of(self.chance, at))
        if self.scene is None or line is steps[0]:
            self.scene = stories.scene_of(self.chance, at)
        return stories.tell(line, Scene(at, self.scene.desk, self.scene.server, self.scene.number))


def deliver(items: list[Item]) -> int:
    """Hand the items to ingestion, a batch a source; return how many were taken."""
    sources, taken = cast.sources(), 0
    for name in dict.fromkeys(item.source for item in items):
        mine = [item for item in items if item.source == name]
        taken += len(ingest(source=sources[name], items=[raw_item(index, item) for index, item in enumerate(mine)]).ids)
    return taken
