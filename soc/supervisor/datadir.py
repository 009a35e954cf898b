"""The data directory of one installation: who holds it, what lies in it, where its cluster is.

lock               held (flock) by the running supervisor; its text is that supervisor's number
version            the Countersign that used it last
secret_key         made once; signs sessions
services.json      URLs and key, for commands beside a run (soc/settings/services.py)
postgres/          the cluster, or postgres.location: the path of one under /var/lib/countersign
runtime.location   the short folder of the sockets of this run
processes.json     what was started, so that the next start can clear away what a killed run left
logs/              one file for each service
demo               exists once demo accounts were made here
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

from soc.supervisor.errors import CannotStart
from soc.supervisor.launch import command_line, wait_until_gone
from soc.supervisor.postgres import SYSTEM_HOME, open_system_home
from soc.supervisor.runtime import (
    Account,
    account_of_owner,
    is_own_runtime_directory,
    new_runtime_directory,
    service_account,
)
from soc.version import VERSION


@dataclass(slots=True)
class DataDirectory:
    """One data directory, held by us from `hold()` until the process ends."""

    path: Path
    _lock: int = field(default=-1, init=False)

    def hold(self) -> None:
        """Make the directory, take its lock, check its version. Raises CannotStart in words for each failure."""
        try:
            self._make()
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotStart(
                f"The data directory {self.path} cannot be written ({error.strerror}): choose another --data-dir."
            ) from error
        self._take_lock()
        self._check_version()
        self._clear_leftovers()

    def release(self) -> None:
        """Give the lock back; everything started must be gone."""
        noted = self._noted("runtime.location")
        if noted is not None and is_own_runtime_directory(noted):
            shutil.rmtree(noted, ignore_errors=True)
        (self.path / "runtime.location").unlink(missing_ok=True)
        (self.path / "processes.json").unlink(missing_ok=True)
        os.close(self._lock)

    def secret_key(self) -> str:
        """Return the key that signs sessions, made at the first start."""
        kept = self.path / "secret_key"
        if not kept.exists():
            self.write("secret_key", secrets.token_urlsafe(48))
        return kept.read_text(encoding="ascii").strip()

    def write(self, name: str, text: str) -> None:
        """Write a small file of the directory, readable by us alone, all of it or nothing."""
        partial = self.path / f"{name}.partial"
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path / name)

    def demo_mark(self) -> str:
        """Return which database was filled with the demo: empty for none, "begun" for one that was not finished."""
        mark = self.path / "demo"
        return mark.read_text(encoding="utf-8") if mark.exists() else ""

    def has_demo_accounts(self) -> bool:
        """Tell whether accounts with a known password were ever made here."""
        return bool(self.demo_mark())

    def log(self, name: str) -> Path:
        """Return the log file of a service."""
        folder = self.path / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{name}.log"

    def runtime_directory(self) -> Path:
        """Return the folder for sockets: the one noted, if it is still ours, else a new one."""
        noted = self._noted("runtime.location")
        if noted is not None and is_own_runtime_directory(noted):
            return noted
        made = new_runtime_directory()
        self.write("runtime.location", str(made))
        return made

    def cluster(self) -> tuple[Path, Account]:
        """Return where the PostgreSQL cluster is (or will be) and who runs it."""
        directory = self._noted("postgres.location") or self.path / "postgres"
        if (directory / "PG_VERSION").exists():
            account = account_of_owner(directory)
            if not account.may_enter(directory):
                raise CannotStart(f"The user {account.name} cannot enter {directory}: move the data directory back.")
            return directory, account
        if self._noted("postgres.location") is not None:
            raise CannotStart(f"{self.path / 'postgres.location'} points to {directory}, and no cluster is there.")
        account = service_account()
        return (directory if account.may_enter(self.path) else self._cluster_elsewhere()), account

    def note_processes(self, pids: list[int]) -> None:
        """Remember what runs; the command line tells later whether a number still means the same process."""
        self.write("processes.json", json.dumps({str(pid): command_line(pid) for pid in pids}))

    def _make(self) -> None:
        if not self.path.exists():
            self.path.mkdir(parents=True)
            # The services' user passes through to its own folder; it cannot list, and every file here is 0600.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "unknown"
            raise CannotStart(
                f"Another Countersign (process {holder}) is running on {self.path}: "
                "stop that one first, or choose another --data-dir and --port."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def _check_version(self) -> None:
        noted = self.path / "version"
        found = noted.read_text(encoding="utf-8").strip() if noted.exists() else ""
        if found and _numbers(found) > _numbers(VERSION):
            raise CannotStart(
                f"{self.path} was used by Countersign {found}, and this is the older {VERSION}: "
                "update Countersign, or choose another --data-dir."
            )
        self.write("version", VERSION)

    def _clear_leftovers(self) -> None:
        try:
            noted: dict[str, str] = json.loads((self.path / "processes.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        left = [int(pid) for pid, command in noted.items() if command and command_line(int(pid)) == command]
        for pid in left:
            _signal(pid, signal.SIGTERM)
        for pid in left:
            if not wait_until_gone(pid, seconds=10):
                _signal(pid, signal.SIGKILL)

    def _cluster_elsewhere(self) -> Path:
        open_system_home()
        directory = SYSTEM_HOME / f"cluster-{secrets.token_hex(6)}"
        directory.mkdir(mode=0o700)
        self.write("postgres.location", str(directory))
        return directory

    def _noted(self, name: str) -> Path | None:
        try:
            return Path((self.path / name).read_text(encoding="utf-8").strip())
        except OSError:
            return None


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
