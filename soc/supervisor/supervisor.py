"""One process that starts the others, keeps them running and ends them."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from soc.supervisor.errors import CannotStart
from soc.supervisor.launch import launch, signal_group
from soc.supervisor.processes import CHECK_EVERY_SECONDS, Keeper, Service

#: Seconds a service has for its first answer; a cold disk and a busy machine need some of them.
START_SECONDS = 90.0
#: Deaths in a row during the start after which it is given up.
START_DEATHS = 4
_POLL_SECONDS = 0.1


class Stopped(Exception):
    """Somebody asked us to end (SIGINT, SIGTERM, SIGHUP) while the start was under way."""


@dataclass(slots=True)
class Supervisor:
    """Keeps services; `note` is told the process numbers whenever they change, `say` prints a line."""

    say: Callable[[str], None]
    note: Callable[[list[int]], None]
    keepers: list[Keeper] = field(default_factory=list)
    signals: int = 0

    def obey_signals(self) -> None:
        """Take the signals that end us; explicit, because a shell's background job inherits SIGINT ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def bring_up(self, services: Sequence[Service]) -> None:
        """Start services together and return when each has answered. Raises CannotStart or Stopped."""
        started = [Keeper(service) for service in services]
        for keeper in started:
            self.keepers.append(keeper)
            keeper.start()
        self._note_processes()
        end = time.monotonic() + START_SECONDS
        for keeper in started:
            self._wait_until_ready(keeper, end)

    def run_once(self, name: str, command: Sequence[str], env: Mapping[str, str], *, cwd: Path, log: Path) -> None:
        """Run a command to its end, our services kept meanwhile. Raises CannotStart with its last line if it fails."""
        with log.open("wb") as output:
            child = launch(command=command, env=env, cwd=cwd, output=output)
        try:
            while child.poll() is None:
                self._turn()
        finally:
            signal_group(child.pid, signal.SIGKILL)
            child.wait()
        if child.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it wrote nothing"]
            raise CannotStart(f"{name} failed: {lines[-1][:300]} (all of it: {log})")

    def keep(self) -> None:
        """Keep everything running until somebody asks us to end."""
        threading.Thread(target=self._watch, daemon=True, name="watch").start()
        while not self.signals:
            self._mend()
            time.sleep(_POLL_SECONDS)

    def end(self) -> None:
        """End everything, the last started first; PostgreSQL and Redis after those who use them."""
        users = [keeper for keeper in self.keepers if not keeper.service.is_store]
        stores = [keeper for keeper in reversed(self.keepers) if keeper.service.is_store]
        self._end_together(users)
        for keeper in stores:
            self._end_together([keeper])

    def _end_together(self, keepers: list[Keeper]) -> None:
        asked_at, asked_signals = time.monotonic(), self.signals
        for keeper in keepers:
            keeper.ask_to_stop()
        waiting = list(keepers)
        while waiting:
            # A second Ctrl-C means now.
            hurry = self.signals > asked_signals and not all(keeper.service.is_store for keeper in keepers)
            for keeper in list(waiting):
                late = time.monotonic() > asked_at + keeper.service.grace_seconds
                if keeper.is_gone() or late or hurry:
                    keeper.clear()
                    waiting.remove(keeper)
            time.sleep(0.02)

    def _wait_until_ready(self, keeper: Keeper, end: float) -> None:
        while not keeper.service.answers():
            self._turn()
            if keeper.deaths >= START_DEATHS or time.monotonic() > end:
                what = "keeps ending" if keeper.deaths else "does not answer"
                raise CannotStart(f"{keeper.name} {what}: {keeper.last_words()} (all of it: {keeper.service.log})")
        keeper.is_ready = True

    def _turn(self) -> None:
        """One turn of waiting during the start."""
        if self.signals:
            raise Stopped
        self._mend()
        time.sleep(0.03)

    def _mend(self) -> None:
        """Start again what has died, kill what is silent."""
        changed = False
        for keeper in self.keepers:
            if keeper.is_silent():
                self.say(f"{keeper.name}: no answer, killed")
                keeper.kill()
            if keeper.has_died():
                self.say(f"{keeper.name}: {keeper.obituary()}, starting again")
            if keeper.is_due():
                keeper.start()
                self._restart_dependents(keeper)
                changed = True
        if changed:
            self._note_processes()

    def _restart_dependents(self, keeper: Keeper) -> None:
        for other in self.keepers:
            if other.name in keeper.service.restarts:
                other.restart()

    def _watch(self) -> None:
        """Ask each service whether it works. A thread of its own: an answer may take seconds."""
        while not self.signals:
            time.sleep(CHECK_EVERY_SECONDS)
            for keeper in list(self.keepers):
                keeper.check()
                keeper.cut_log()

    def _note_processes(self) -> None:
        self.note([keeper.child.pid for keeper in self.keepers if keeper.child is not None])

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
        if self.signals > 3:  # Somebody insists: the kernel's death signals clear up behind us.
            sys.exit(128 + number)
