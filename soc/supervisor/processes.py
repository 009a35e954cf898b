"""A service as a child process: started, watched, started again, stopped."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soc.supervisor.launch import Child, launch, signal_group
from soc.supervisor.runtime import Account

#: Seconds before the next start of a service that died: the n-th death in a row waits for the n-th of these.
BACK_OFF = (0.1, 0.5, 1.0, 2.0, 4.0)
#: Seconds after which a death no longer counts as one in a row.
SETTLED_SECONDS = 30.0
#: Seconds between health checks, and how many must fail in a row before a live but silent child is killed.
CHECK_EVERY_SECONDS = 5.0
SILENT_CHECKS = 3
#: A log longer than this is set aside, one generation.
LONGEST_LOG_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Service:
    """What to start and how to tell that it works. `answers` must come back within a few seconds."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    answers: Callable[[], bool]
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    pass_fds: Sequence[int] = ()
    #: Run before every start: clears what a killed predecessor left.
    prepare: Callable[[], None] = lambda: None
    #: Services to start again after this one: they are known not to recover from its loss.
    restarts: Sequence[str] = ()
    #: False: `answers` is asked at the start only, and a running process counts as working.
    is_checked: bool = True
    #: Stores end last.
    is_store: bool = False


@dataclass(slots=True)
class Keeper:
    """Keeps one service running. For the main thread; `check` and `cut_log` alone are for the watching one."""

    service: Service
    child: Child | None = None
    is_ready: bool = False
    deaths: int = 0
    silent: int = 0
    started_at: float = 0.0
    start_at: float = 0.0
    kill_at: float = 0.0
    exit_code: int = 0
    #: True while a death is one that we asked for.
    is_asked: bool = False

    @property
    def name(self) -> str:
        return self.service.name

    def start(self) -> None:
        """Start the service; its output goes on in the same log, so that the reason of a restart can be read."""
        service = self.service
        service.prepare()
        log = os.open(service.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.child = launch(
                command=service.command,
                env=service.env,
                cwd=service.cwd,
                output=log,
                account=service.account,
                death_signal=service.stop_signal,
                pass_fds=service.pass_fds,
            )
        finally:
            os.close(log)
        self.started_at = time.monotonic()
        self.silent, self.kill_at, self.is_asked = 0, 0.0, False

    def has_died(self) -> bool:
        """Reap the child; if it is gone, clear away its group and set the time of the next start."""
        if self.child is None:
            return False
        now = time.monotonic()
        if self.kill_at and now > self.kill_at:
            self.kill()
        if self.child.poll() is None:
            return False
        self.exit_code = self.child.returncode
        self.clear()
        if self.is_asked:
            self.start_at = now
            return True
        self.deaths = 1 if now - self.started_at > SETTLED_SECONDS else self.deaths + 1
        self.start_at = now + BACK_OFF[min(self.deaths, len(BACK_OFF)) - 1]
        return True

    def obituary(self) -> str:
        """Say how the child ended."""
        if self.is_asked:
            return "ended as asked"
        if self.exit_code < 0:
            return f"ended by {signal.Signals(-self.exit_code).name}"
        return f"ended with exit code {self.exit_code}"

    def is_due(self) -> bool:
        """Tell whether there is no child and the pause after the last death is over."""
        return self.child is None and time.monotonic() >= self.start_at

    def restart(self) -> None:
        """Ask the child to end; `has_died` and `is_due` then start it again, killed after its grace if need be."""
        self.is_asked = True
        self.ask_to_stop()
        self.kill_at = time.monotonic() + self.service.grace_seconds

    def check(self) -> None:
        """Ask the service whether it works and count its silences in a row."""
        child = self.child
        if child is None or not self.service.is_checked or not self.is_ready:
            return
        answered = self.service.answers()
        if self.child is child:  # Not a successor, whose count is its own.
            self.silent = 0 if answered else self.silent + 1

    def is_silent(self) -> bool:
        """Tell whether the child runs but has stopped answering."""
        return self.child is not None and self.silent >= SILENT_CHECKS

    def kill(self) -> None:
        """End the child and all of its group at once."""
        self.silent = 0
        if self.child is not None:
            signal_group(self.child.pid, signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Send the stop signal, to the process alone: it knows best how to end its own children."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(self.service.stop_signal)

    def is_gone(self) -> bool:
        """Tell whether no child runs."""
        return self.child is None or self.child.poll() is not None

    def clear(self) -> None:
        """Kill what is left of the group and forget the child."""
        if self.child is not None:
            signal_group(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child = None

    def last_words(self) -> str:
        """Return the last line of the log that says something."""
        try:
            lines = self.service.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1][:300] if lines else "it wrote nothing"

    def cut_log(self) -> None:
        """Set a long log aside. The child appends, so it goes on at the start of the emptied file."""
        log = self.service.log
        if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".old.log"))
            os.truncate(log, 0)
