"""`manage.py up` with real processes: what it starts, what it brings back, what it leaves."""

import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from soc.supervisor.postgres import SYSTEM_HOME
from tests.soc.running import Up, children_of, everything_of, start_up, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("supervisor")]

BACK_WITHIN_SECONDS = 15


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that only its owner can enter: under root's home, as root, PostgreSQL's user cannot reach it."""
    folder = Path(tempfile.mkdtemp(prefix=".countersign-test-", dir=Path.home()))
    # 120 characters: sockets may not lie in it.
    data_dir = folder / ("d" * max(1, 120 - len(str(folder)) - 1))
    yield data_dir
    location = data_dir / "postgres.location"
    elsewhere = Path(location.read_text(encoding="utf-8")) if location.exists() else None
    if elsewhere is not None and elsewhere.parent == SYSTEM_HOME:
        shutil.rmtree(elsewhere)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Up]:
    """One supervisor for the tests that leave it as they found it."""
    up = start_up(place)
    try:
        up.wait_ready()
        yield up
    finally:
        up.process.terminate()
        up.process.wait(timeout=60)


def test_everything_runs_from_a_closed_folder_with_a_long_path(running: Up, place: Path) -> None:
    assert len(str(place)) >= 120
    assert running.healthy("/readyz")
    started = " ".join(children_of(running.process.pid).values())
    assert all(word in started for word in ("postgres -D", "redis-server", "daphne", "celery", "sweeper"))


def test_no_parent_folder_was_opened(running: Up, place: Path) -> None:
    assert place.parent.stat().st_mode & 0o777 == 0o700


def test_postgres_has_no_port_and_is_not_root(running: Up) -> None:
    (pid,) = running.pids_of("postgres -D")
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    with psycopg.connect(running.services()["database_url"]) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_sockets_lie_in_folders_closed_to_others(running: Up) -> None:
    runtime = Path((running.data_dir / "runtime.location").read_text(encoding="utf-8"))
    assert [folder.stat().st_mode & 0o777 for folder in (runtime / "pg", runtime / "rd")] == [0o700, 0o700]


def test_serving_role_is_refused_the_owner(running: Up) -> None:
    with psycopg.connect(running.services()["database_url"]) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE countersign_owner")
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine (id int)")


@pytest.mark.parametrize("name", ["daphne", "celery", "sweeper"])
def test_processes_do_not_receive_the_owners_url(running: Up, name: str) -> None:
    (pid,) = running.pids_of(name)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"COUNTERSIGN_DATABASE_URL=" in environment
    assert b"countersign_owner" not in environment
    assert b"COUNTERSIGN_DATABASE_OWNER_URL" not in environment


def test_files_with_keys_are_closed_to_others(running: Up) -> None:
    modes = {name: (running.data_dir / name).stat().st_mode & 0o777 for name in ("services.json", "secret_key")}
    assert modes == {"services.json": 0o600, "secret_key": 0o600}


def test_second_supervisor_is_refused_in_words(running: Up, place: Path) -> None:
    second = start_up(place)
    assert second.process.wait(timeout=60) == 1
    wait_for(lambda: second.lines, 5)
    assert f"process {running.process.pid}" in second.lines[-1]
    assert "choose another --data-dir" in second.lines[-1]
    assert running.healthy()


@pytest.mark.parametrize("name", ["postgres -D", "redis-server", "daphne", "celery", "sweeper"])
def test_killed_service_is_back(running: Up, name: str) -> None:
    before = running.kill(name)
    assert wait_for(lambda: running.is_back(name, before), BACK_WITHIN_SECONDS)
    assert wait_for(lambda: running.healthy("/readyz"), BACK_WITHIN_SECONDS)


def test_killed_worker_leaves_no_pool_process(running: Up) -> None:
    (worker,) = running.pids_of("celery")
    pool = list(children_of(worker))
    running.kill("celery")
    assert wait_for(lambda: running.is_back("celery", worker), BACK_WITHIN_SECONDS)
    assert [pid for pid in pool if Path(f"/proc/{pid}").exists()] == []


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start_up(tmp_path / "data", "--port", str(port))
        assert up.process.wait(timeout=60) == 1
    wait_for(lambda: up.lines, 5)
    assert up.lines[-1].startswith(f"countersign: Port {port} on 127.0.0.1 is taken")
    assert not (tmp_path / "data" / "postgres").exists()


def test_ctrl_c_leaves_nothing_running_and_the_next_start_goes_on(running: Up, place: Path) -> None:
    key = running.services()["secret_key"]
    _stop_and_look(running, place, signal.SIGINT)
    _start_again(running, place)
    assert running.services()["secret_key"] == key


def test_killed_supervisor_leaves_nothing_and_does_not_block_the_next(running: Up, place: Path) -> None:
    runtime = (place / "runtime.location").read_text(encoding="utf-8")
    running.process.kill()
    running.process.wait(timeout=10)
    _start_again(running, place)
    with psycopg.connect(running.services()["database_url"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
    assert runtime == (place / "runtime.location").read_text(encoding="utf-8")


def test_sigterm_leaves_nothing_running(running: Up, place: Path) -> None:
    """The last of this file: nothing is started again."""
    _stop_and_look(running, place, signal.SIGTERM)


def _stop_and_look(running: Up, place: Path, number: signal.Signals) -> None:
    runtime = Path((place / "runtime.location").read_text(encoding="utf-8"))
    assert running.stop(number) == 0
    assert everything_of(place, str(runtime)) == []
    assert not runtime.exists()


def _start_again(running: Up, place: Path) -> None:
    again = start_up(place)
    running.process, running.lines = again.process, again.lines
    again.wait_ready()
