"""Who the services run as, and where their sockets lie."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from soc.supervisor.errors import CannotStart

#: A socket's path holds at most 103 (macOS) or 107 bytes (Linux); the longest name below is 21 bytes long.
LONGEST_RUNTIME_DIR = 80


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system user that a service runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """True when starting as this user means changing to it."""
        return self.uid != os.geteuid()

    def may_enter(self, directory: Path) -> bool:
        """Tell whether this user can reach into `directory`; asked of the kernel, so that ACLs count."""
        return self._may_pass(directory)

    def may_run(self, program: Path) -> bool:
        """Tell whether this user can execute `program`."""
        return self._may_pass(program)

    def _may_pass(self, path: Path) -> bool:
        if not self.is_other:
            return os.access(path, os.X_OK)
        question = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        done = subprocess.run(question, check=False, cwd="/", user=self.uid, group=self.gid, extra_groups=[])
        return done.returncode == 0


def invoking_account() -> Account:
    """Return the user of this process. Raises CannotStart for a number without a name (PostgreSQL needs one)."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise CannotStart(
            f"The operating-system user {uid} has no name, and PostgreSQL wants one: "
            "add it to /etc/passwd or give COUNTERSIGN_DATABASE_URL."
        ) from None
    return Account(entry.pw_name, uid, os.getegid())


def service_account() -> Account:
    """Return who PostgreSQL runs as: ourselves, or for root (which PostgreSQL refuses) a system user."""
    if os.geteuid() != 0:
        return invoking_account()
    for name in ("postgres", "countersign"):
        if found := _account(name):
            return found
    _create_system_user("countersign")
    found = _account("countersign") or _account("nobody")
    if found is None:
        raise CannotStart("PostgreSQL refuses to run as root, and no other user could be made: run as a normal user.")
    return found


def account_of_owner(directory: Path) -> Account:
    """Return who runs an existing cluster: for root its owner, because PostgreSQL serves nobody else's files."""
    if os.geteuid() != 0:
        return invoking_account()
    try:
        entry = pwd.getpwuid(directory.stat().st_uid)
    except KeyError:
        raise CannotStart(f"{directory} belongs to a user that this machine does not know.") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def _create_system_user(name: str) -> None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program:
        command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=False, capture_output=True)


def private_directory(path: Path, account: Account) -> Path:
    """Make `path` (its parent exists) a directory of `account` alone, 0700, and return it."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account.is_other:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def new_runtime_directory() -> Path:
    """Make a short directory for sockets, closed to other users, under the best place there is.

    As root it can be passed through (0711) so that the services' user reaches its own 0700 folder in it.
    """
    for base in _runtime_bases():
        try:
            made = Path(tempfile.mkdtemp(prefix="cs-", dir=base))
        except OSError:
            continue
        made.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return made
    raise CannotStart("No short folder for sockets can be written: neither XDG_RUNTIME_DIR nor /run nor /tmp.")


def is_own_runtime_directory(path: Path) -> bool:
    """Tell whether `path` is still the directory made earlier: a folder, ours, no link, writable by us alone."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o066


def _runtime_bases() -> list[Path]:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    # Root's own XDG_RUNTIME_DIR is closed to the services' user; /run is not.
    first = Path("/run") if os.geteuid() == 0 else Path(named or "/nonexistent")
    bases = [first, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - mkdtemp makes an own 0700 folder in it
    return [base for base in bases if base.is_absolute() and len(str(base)) <= LONGEST_RUNTIME_DIR - 20]
