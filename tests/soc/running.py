"""Start `manage.py up` as a process and look at what it started."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
_LEFT_TO_THE_RUN = ("COUNTERSIGN_", "DJANGO_SETTINGS_MODULE", "PYTEST_")


@dataclass
class Up:
    """One supervisor. `lines` grows as it prints."""

    process: subprocess.Popen[str]
    data_dir: Path
    lines: list[str] = field(default_factory=list)

    def wait_ready(self, seconds: float = 120) -> str:
        """Return the URL of the `ready:` line; fails with everything printed when the process ends before."""
        wait_for(lambda: self.url() or self.process.poll() is not None, seconds)
        url = self.url()
        assert url, "\n".join(self.lines)
        return url

    def url(self) -> str:
        return next((line.removeprefix("ready: ") for line in self.lines if line.startswith("ready: ")), "")

    def services(self) -> dict[str, str]:
        return dict(json.loads((self.data_dir / "services.json").read_text(encoding="utf-8")))

    def healthy(self, path: str = "/healthz") -> bool:
        try:
            with urllib.request.urlopen(self.url() + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pids_of(self, mention: str) -> list[int]:
        """Return the children of the supervisor whose command line mentions a word: one, or none for a moment."""
        return [pid for pid, line in children_of(self.process.pid).items() if mention in line]

    def kill(self, mention: str) -> int:
        """SIGKILL the one child that mentions a word, and return what its number was."""
        (pid,) = self.pids_of(mention)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_back(self, mention: str, before: int) -> bool:
        """Tell whether a successor of process `before` runs."""
        return bool(self.pids_of(mention)) and self.pids_of(mention) != [before]

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=seconds)


def start_up(data_dir: Path, *options: str, **env: str) -> Up:
    """Start `manage.py up` on `data_dir`, on any free port and without the tests' own environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_TO_THE_RUN)}
    command = [sys.executable, str(PROJECT / "manage.py"), "up", "--data-dir", str(data_dir)]
    command += ["--no-demo", "--replay", "0", *([] if "--port" in options else ["--port", "0"]), *options]
    process = subprocess.Popen(
        command,
        env={**kept, "PYTHONUNBUFFERED": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    up = Up(process, data_dir)
    threading.Thread(target=_read, args=(process, up.lines), daemon=True).start()
    return up


def children_of(parent: int) -> dict[int, str]:
    """Return process number -> command line of each living child."""
    asked = subprocess.run(["ps", "-wweo", "pid=,ppid=,stat=,args="], check=True, capture_output=True, text=True)
    rows = [line.split(None, 3) for line in asked.stdout.splitlines()]
    return {int(row[0]): row[3] for row in rows if len(row) == 4 and int(row[1]) == parent and row[2][0] != "Z"}


def everything_of(data_dir: Path, *also: str) -> list[str]:
    """Return the command lines (or environments, where readable) of all processes that name this run's places."""
    mentions = [str(data_dir).encode(), *(word.encode() for word in also)]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "cmdline").read_bytes()
            about = said + (folder / "environ").read_bytes()
        except OSError:
            continue
        if int(folder.name) != os.getpid() and any(mention in about for mention in mentions):
            found.append(f"{folder.name} {said.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until `condition` holds and tell whether it came to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        lines.extend(line.rstrip("\n") for line in output)
