"""A pytest plugin (`-p tests.services`): one PostgreSQL for all xdist workers, a Redis each, before settings are read.

The test database is migrated once, as the owner, and kept as a template. Every worker gets a copy of it and connects
as the serving role, so that what the tests see refused is refused in production too.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from soc.supervisor.launch import Child, launch, signal_group
from soc.supervisor.postgres import ADMIN_ROLE, OWNER_ROLE, SERVING_ROLE, Cluster, find_binaries
from soc.supervisor.redis import redis_server
from soc.supervisor.runtime import (
    Account,
    invoking_account,
    new_runtime_directory,
    private_directory,
    service_account,
)

#: Set by the process that started PostgreSQL, so that workers start a Redis of their own and no second cluster.
EMBEDDED_REDIS = "COUNTERSIGN_TEST_EMBEDDED_REDIS"
RUN_ID = "COUNTERSIGN_TEST_RUN"
_running = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start what the environment does not name; a wrapper, because pytest-django's hook reads the settings."""
    # Importing `soc` has named the product's settings (soc/celery.py); subprocesses must inherit the tests'.
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.setdefault(RUN_ID, secrets.token_hex(4))
    os.environ.setdefault("COUNTERSIGN_SECRET_KEY", secrets.token_hex(32))
    if "COUNTERSIGN_REDIS_URL" not in os.environ:
        os.environ[EMBEDDED_REDIS] = "1"
    if EMBEDDED_REDIS in os.environ:
        os.environ["COUNTERSIGN_REDIS_URL"] = start_redis(_running)
    if "COUNTERSIGN_DATABASE_URL" not in os.environ:
        cluster = start_postgres(_running)
        os.environ["COUNTERSIGN_DATABASE_URL"] = cluster.url(SERVING_ROLE)
        os.environ["COUNTERSIGN_DATABASE_OWNER_URL"] = cluster.url(OWNER_ROLE)
        os.environ["COUNTERSIGN_TEST_SUPERUSER_URL"] = cluster.url(ADMIN_ROLE)
    if not os.environ.get("COUNTERSIGN_DATABASE_OWNER_URL"):
        raise pytest.UsageError("COUNTERSIGN_DATABASE_URL needs COUNTERSIGN_DATABASE_OWNER_URL (with CREATEDB) beside.")
    return (yield)


def pytest_unconfigure() -> None:
    _running.close()


def start_postgres(stack: ExitStack, *, is_throwaway: bool = True) -> Cluster:
    """Start a cluster with both roles; `stack` ends it and removes its files. Throw-away: fast, not durable."""
    account = service_account()
    home = _data_home(stack, account)
    cluster = Cluster(
        directory=home / "postgres",
        socket_dir=private_directory(_temporary_home(stack) / "pg", account),
        account=account,
        binaries=find_binaries(account),
        is_throwaway=is_throwaway,
    )
    cluster.prepare()
    log = stack.enter_context((home / "postgres.log").open("wb"))
    child = launch(
        command=cluster.command(),
        env=cluster.environment(),
        cwd=home,
        output=log,
        account=account,
        death_signal=signal.SIGINT,
    )
    stack.callback(_end, child, signal.SIGQUIT)
    _wait_for(cluster.answers, child, "PostgreSQL")
    cluster.create_roles_and_database(owner_may_create_databases=True)
    return cluster


def start_redis(stack: ExitStack) -> str:
    """Start a Redis of this process alone and return its URL; `stack` ends it."""
    home = _temporary_home(stack)
    account = invoking_account()
    server = redis_server(private_directory(home / "rd", account), account, free_port=_free_port())
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    log = stack.enter_context((home / "redis.log").open("wb"))
    child = launch(command=server.command, env=env, cwd=home, output=log)
    stack.callback(_end, child, signal.SIGTERM)
    _wait_for(server.answers, child, "Redis")
    return server.url


def _temporary_home(stack: ExitStack) -> Path:
    home = new_runtime_directory()
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    return home


def _data_home(stack: ExitStack, account: Account) -> Path:
    """Make a folder on disk that `account` can reach; sockets lie elsewhere, because TMPDIR may be long."""
    bases = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - mkdtemp makes an own folder
    base = next((base for base in bases if account.may_enter(base)), bases[0])
    home = Path(tempfile.mkdtemp(prefix="countersign-test-", dir=base))
    home.chmod(0o711 if account.is_other else 0o700)
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    return home


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(answers: Callable[[], bool], child: Child, name: str) -> None:
    end = time.monotonic() + 30
    while not answers():
        if child.poll() is not None or time.monotonic() > end:
            raise pytest.UsageError(f"{name} did not start for the tests (exit code {child.returncode}).")
        time.sleep(0.03)


def _end(child: Child, number: signal.Signals) -> None:
    signal_group(child.pid, number)
    with contextlib.suppress(Exception):
        child.wait(timeout=10)
    signal_group(child.pid, signal.SIGKILL)
