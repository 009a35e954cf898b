"""What keeps `manage.py up` from starting is said in one line, and nothing is started."""

import socket
import tomllib
from pathlib import Path

import pytest

from soc.supervisor.addresses import Addresses
from soc.supervisor.children import PROJECT
from soc.supervisor.datadir import DataDirectory
from soc.supervisor.errors import CannotStart
from soc.supervisor.postgres import Cluster, find_binaries
from soc.supervisor.run import Options, Run
from soc.supervisor.runtime import LONGEST_RUNTIME_DIR, invoking_account, new_runtime_directory
from soc.supervisor.stores import Stores
from soc.supervisor.web import is_loopback, listen
from soc.version import VERSION


def options(data_dir: Path, *, host: str = "127.0.0.1", demo: bool = False) -> Options:
    return Options(
        host=host,
        port=0,
        data_dir=data_dir,
        demo=demo,
        replay=0,
        host_header="",
        demo_password="",
        has_demo_command=True,
    )


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    folder = tmp_path / "data"
    folder.mkdir()
    return DataDirectory(folder)


def test_version_is_the_projects() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_data_directory_of_a_newer_countersign_is_refused(data: DataDirectory) -> None:
    (data.path / "version").write_text("99.0.0")
    with pytest.raises(CannotStart, match=r"used by Countersign 99\.0\.0, and this is the older"):
        data.hold()
    assert (data.path / "version").read_text() == "99.0.0"


def test_cluster_of_a_newer_postgres_is_refused(data: DataDirectory) -> None:
    cluster = Cluster(data.path, data.path, invoking_account(), data.path)
    (data.path / "PG_VERSION").write_text("99\n")
    with pytest.raises(CannotStart, match="written by a newer PostgreSQL"):
        cluster.prepare()
    assert not (data.path / "pg_hba.conf").exists()


def test_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"cannot be written .*: choose another --data-dir"):
        DataDirectory(tmp_path / "file" / "data").hold()


def test_pointer_to_a_cluster_that_is_gone_makes_no_new_one(data: DataDirectory) -> None:
    data.write("postgres.location", str(data.path / "gone"))
    with pytest.raises(CannotStart, match="no cluster is there"):
        data.cluster()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "desk.example"])  # noqa: S104 - refused
def test_demo_accounts_are_refused_on_a_host_that_others_reach(tmp_path: Path, host: str) -> None:
    run = Run(options(tmp_path / "data", host=host, demo=True), say=print)
    with pytest.raises(CannotStart, match="Demo accounts have a known password"):
        run.run()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_is_told_from_other_hosts(host: str) -> None:
    assert is_loopback(host)


def test_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} on 127.0.0.1 is taken by another program"):
            listen("127.0.0.1", port)


def test_platform_without_binaries_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CannotStart, match=r"no embedded PostgreSQL for this platform.*COUNTERSIGN_DATABASE_URL"):
        find_binaries(invoking_account())


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("COUNTERSIGN_DATABASE_URL", "postgresql://nobody@/none?host=/nonexistent"),
        ("COUNTERSIGN_REDIS_URL", "unix:///nonexistent/redis.sock"),
    ],
)
def test_external_service_that_does_not_answer_is_named(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(CannotStart, match=f"^{name}: no .* answers there"):
        Stores(data, print).choose()


def test_one_role_for_both_jobs_is_warned_of(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COUNTERSIGN_DATABASE_OWNER_URL")
    stores = Stores(data, print)
    stores.choose()
    assert "WARNING: COUNTERSIGN_DATABASE_OWNER_URL is not set" in capsys.readouterr().out
    assert stores.services == []
    assert stores.addresses().owner_url == ""


def test_children_inherit_neither_the_owners_url_nor_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COUNTERSIGN_DATABASE_OWNER_URL_FILE", "/somewhere")
    env = Addresses("postgresql:///a", "postgresql:///o", "redis:///", "key").serving_env(tmp_path, demo=False)
    assert [name for name in env if "OWNER" in name] == []
    assert env["COUNTERSIGN_DATABASE_URL"] == "postgresql:///a"
    assert env["COUNTERSIGN_DATA_DIR"] == str(tmp_path)


def test_sockets_stay_within_what_a_path_may_hold() -> None:
    made = new_runtime_directory()
    try:
        assert len(str(made)) <= LONGEST_RUNTIME_DIR
        assert made.stat().st_mode & 0o077 in {0o000, 0o011}
    finally:
        made.rmdir()
