"""The services of a run: what is started, with which environment, and how each is asked whether it works."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from soc.supervisor.datadir import DataDirectory
from soc.supervisor.postgres import Cluster
from soc.supervisor.processes import Service
from soc.supervisor.ready import READY_FILE
from soc.supervisor.redis import RedisServer
from soc.supervisor.runtime import Account
from soc.supervisor.web import WebAddress

#: Where manage.py lies: children run from here.
PROJECT = Path(__file__).resolve().parent.parent.parent
_WORKERS = 2


def manage(*arguments: str) -> list[str]:
    """Return the command line of one of Django's commands."""
    return [sys.executable, str(PROJECT / "manage.py"), *arguments]


def postgres_service(cluster: Cluster, data: DataDirectory) -> Service:
    """PostgreSQL: SIGINT ends its sessions and shuts down cleanly; so does our death."""
    return Service(
        name="postgres",
        command=cluster.command(),
        env=cluster.environment(),
        cwd=cluster.directory,
        log=data.log("postgres"),
        answers=cluster.answers,
        account=cluster.account,
        stop_signal=signal.SIGINT,
        grace_seconds=30.0,
        prepare=cluster.remove_stale_pid_file,
        is_store=True,
    )


def redis_service(server: RedisServer, account: Account, data: DataDirectory) -> Service:
    """Redis. Its loss leaves Celery's worker deaf at times (celery issue 10302), so that one starts again with it."""
    return Service(
        name="redis",
        command=server.command,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
        cwd=PROJECT if server.is_stand_in else Path("/"),
        log=data.log("redis"),
        answers=server.answers,
        account=None if server.is_stand_in else account,
        restarts=("worker",),
        is_store=True,
    )


def web_service(address: WebAddress, env: Mapping[str, str], data: DataDirectory) -> Service:
    """Daphne. Ready when the application says so; afterwards being alive is enough (`/readyz` may rightly say no)."""
    return Service(
        name="web",
        command=address.command(),
        # Daphne gives each request a thread; they share so many connections (an operator's own figure wins).
        env={"COUNTERSIGN_DB_POOL": "24", **env},
        cwd=PROJECT,
        log=data.log("web"),
        answers=lambda: address.answers("/healthz"),
        grace_seconds=5.0,
        pass_fds=(address.listener.fileno(),),
    )


def worker_service(env: Mapping[str, str], data: DataDirectory, runtime: Path) -> Service:
    """Celery's worker. Its work is in the database: a kill loses a wake-up, and the sweeper makes another."""
    command = [sys.executable, "-m", "celery", "-A", "soc", "worker", "--concurrency", str(_WORKERS)]
    command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--include", "soc.supervisor.ready"]
    return _without_port("worker", command, env, data, runtime)


def sweeper_service(env: Mapping[str, str], data: DataDirectory, runtime: Path) -> Service:
    """The sweeper: finds due rows."""
    return _without_port("sweeper", manage("sweeper"), env, data, runtime)


def replay_service(env: Mapping[str, str], data: DataDirectory, runtime: Path, *, rate: int) -> Service:
    """The demo's stream of alerts, `rate` a minute."""
    command = manage("demo", "replay", "--rate", str(rate))
    return _without_port("replay", command, env, data, runtime, answers=lambda: True)


def _without_port(
    name: str,
    command: list[str],
    env: Mapping[str, str],
    data: DataDirectory,
    runtime: Path,
    *,
    answers: Callable[[], bool] | None = None,
) -> Service:
    ready = runtime / f"{name}.ready"
    return Service(
        name=name,
        command=command,
        env={**env, READY_FILE: str(ready)},
        cwd=PROJECT,
        log=data.log(name),
        answers=answers or ready.exists,
        prepare=lambda: ready.unlink(missing_ok=True),
        is_checked=False,
    )
