"""PostgreSQL and Redis of a run: the environment's, else embedded ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import redis

from soc import env
from soc.supervisor.addresses import Addresses
from soc.supervisor.children import postgres_service, redis_service
from soc.supervisor.datadir import DataDirectory
from soc.supervisor.errors import CannotStart
from soc.supervisor.postgres import OWNER_ROLE, SERVING_ROLE, Cluster, find_binaries
from soc.supervisor.processes import Service
from soc.supervisor.redis import find_program, redis_server
from soc.supervisor.runtime import Account, invoking_account, private_directory, service_account
from soc.supervisor.web import free_port


@dataclass(slots=True)
class Stores:
    """What to start for a run, and the URLs when that is done. `say` prints a line."""

    data: DataDirectory
    say: Callable[[str], None]
    services: list[Service] = field(default_factory=list)
    #: The embedded PostgreSQL; None where the environment names a database.
    cluster: Cluster | None = None
    _database_url: str = ""
    _owner_url: str = ""
    _redis_url: str = ""

    def choose(self) -> None:
        """Fill `services` with what the environment does not name. Raises CannotStart in words."""
        self._database_url = env.text("COUNTERSIGN_DATABASE_URL")
        self._owner_url = env.text("COUNTERSIGN_DATABASE_OWNER_URL")
        self._redis_url = env.text("COUNTERSIGN_REDIS_URL")
        if self._database_url:
            self._check_database()
        else:
            self._embed_postgres()
        if self._redis_url:
            self._check_redis()
        else:
            self._embed_redis()

    def addresses(self) -> Addresses:
        """Return the URLs of services that run by now; the embedded database and its roles are made if missing."""
        if self.cluster is not None:
            self.cluster.create_roles_and_database()
        key = env.text("COUNTERSIGN_SECRET_KEY") or self.data.secret_key()
        return Addresses(self._database_url, self._owner_url, self._redis_url, key)

    def _embed_postgres(self) -> None:
        directory, account = self.data.cluster()
        cluster = Cluster(
            directory=directory,
            socket_dir=private_directory(self.data.runtime_directory() / "pg", account),
            account=account,
            binaries=find_binaries(account),
        )
        if not (directory / "PG_VERSION").exists():
            self.say(f"postgres: making a database in {directory}")
        cluster.prepare()
        self.cluster = cluster
        self._database_url, self._owner_url = cluster.url(SERVING_ROLE), cluster.url(OWNER_ROLE)
        self.services.append(postgres_service(cluster, self.data))

    def _embed_redis(self) -> None:
        account = _who_can_run_redis()
        socket_dir = private_directory(self.data.runtime_directory() / "rd", account)
        server = redis_server(socket_dir, account, free_port=free_port())
        if server.is_stand_in:
            self.say("redis: none on this machine, so a stand-in written in Python serves: good for a demo, no more")
        self._redis_url = server.url
        self.services.append(redis_service(server, account, self.data))

    def _check_database(self) -> None:
        _connect("COUNTERSIGN_DATABASE_URL", self._database_url)
        if self._owner_url:
            _connect("COUNTERSIGN_DATABASE_OWNER_URL", self._owner_url)
        else:
            self.say(
                "WARNING: COUNTERSIGN_DATABASE_OWNER_URL is not set, so one database role both migrates and serves. "
                "That role can alter the audit record and the rules of approval: docs/operations.md tells how to split."
            )

    def _check_redis(self) -> None:
        try:
            with redis.Redis.from_url(self._redis_url, socket_connect_timeout=10, socket_timeout=10) as client:
                client.ping()
        except (redis.RedisError, ValueError, OSError) as error:
            raise CannotStart(f"COUNTERSIGN_REDIS_URL: no Redis answers there ({error}).") from error


def _who_can_run_redis() -> Account:
    """As root, the same system user that runs PostgreSQL, unless the program lies where it cannot enter."""
    account = service_account()
    return account if find_program(account) is not None else invoking_account()


def _connect(name: str, url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise CannotStart(f"{name}: no PostgreSQL answers there ({reason}).") from error
