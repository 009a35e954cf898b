"""Start a child so that nothing of it outlives us: own process group, told by the kernel when we die."""

import contextlib
import ctypes
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from soc.supervisor.runtime import Account

_PR_SET_PDEATHSIG = 1
_IS_LINUX = platform.system() == "Linux"
_LIBC = ctypes.CDLL(None, use_errno=True) if _IS_LINUX else None

Child = subprocess.Popen[bytes]


def launch(
    *,
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes] | int | None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start `command` and return it. `output` takes both streams; None lets them through to our terminal.

    `death_signal` is what the kernel sends the child when we are gone, even after SIGKILL (Linux only; elsewhere
    the next start clears away what is left). Must be called from the main thread: the kernel watches the thread.
    """
    other = account if account is not None and account.is_other else None
    return subprocess.Popen(
        list(command),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        user=other.uid if other else None,
        group=other.gid if other else None,
        extra_groups=[] if other else None,
        # Runs after the change of user, which would clear the death signal again.
        preexec_fn=_die_with(os.getpid(), death_signal),  # noqa: PLW1509 - two system calls, no locks, no allocation
    )


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def ask_kernel() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:  # We died between fork and prctl.
                os._exit(1)

    return ask_kernel


def signal_group(child_pid: int, number: signal.Signals) -> None:
    """Send `number` to the whole process group of a child; silent when nothing of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child_pid, number)


def command_line(pid: int) -> str:
    """Return a process's arguments with spaces between them, or nothing where there is no such process."""
    if _IS_LINUX:
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    asked = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return asked.stdout.strip()


def wait_until_gone(pid: int, *, seconds: float) -> bool:
    """Wait for a process that is not our child to end; tell whether it did."""
    end = time.monotonic() + seconds
    while command_line(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
