"""One run of `manage.py up`, from the lock to the last process gone."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from soc.supervisor.addresses import Addresses
from soc.supervisor.children import (
    PROJECT,
    manage,
    replay_service,
    sweeper_service,
    web_service,
    worker_service,
)
from soc.supervisor.codebase import fingerprint
from soc.supervisor.datadir import DataDirectory
from soc.supervisor.errors import CannotStart
from soc.supervisor.postgres import Cluster
from soc.supervisor.stores import Stores
from soc.supervisor.supervisor import Stopped, Supervisor
from soc.supervisor.web import WebAddress, is_loopback, listen
from soc.version import VERSION

DEMO_PEOPLE = "analyst analyst2 senior senior2 lead lead2 manager oncall auditor admin outsider"


@dataclass(frozen=True, slots=True)
class Options:
    """What `manage.py up` was asked for."""

    host: str
    port: int
    data_dir: Path
    demo: bool
    #: Simulated alerts a minute; 0 for none.
    replay: int
    #: The Host header under which the web process answers itself; empty for its address.
    host_header: str
    #: What to print as the demo's password; empty where the person chose their own.
    demo_password: str
    has_demo_command: bool


@dataclass(slots=True)
class Run:
    """One run. `say` prints a line for the person at the terminal."""

    options: Options
    say: Callable[[str], None]
    data: DataDirectory = field(init=False)
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        self.data = DataDirectory(self.options.data_dir)
        self.supervisor = Supervisor(say=self.say, note=self.data.note_processes)

    def run(self) -> None:
        """Start everything, keep it, end it. Returns after a signal; raises CannotStart in words."""
        self._refuse_known_passwords(self.options.demo)
        self.supervisor.obey_signals()
        self.data.hold()
        try:
            self._refuse_known_passwords(self.data.has_demo_accounts())
            with closing(listen(self.options.host, self.options.port)) as listener:
                self._serve_and_end(WebAddress.of(listener, self.options.host_header))
        finally:
            self.data.release()

    def _serve_and_end(self, address: WebAddress) -> None:
        try:
            self._serve(address)
        except Stopped:
            self.say("stopped before everything was up")
        finally:
            self.supervisor.end()

    def _serve(self, address: WebAddress) -> None:
        self.say(f"countersign {VERSION}, data in {self.data.path}")
        stores = Stores(self.data, self.say)
        stores.choose()
        self.supervisor.bring_up(stores.services)
        addresses = stores.addresses()
        (self.data.path / "static").mkdir(exist_ok=True)  # WhiteNoise warns of a missing one.
        self.data.write("services.json", json.dumps(_written(addresses)))
        self._migrate(addresses, stores.cluster)
        self._seed(addresses, stores.cluster)
        self._start_processes(address, addresses)
        self._announce(address)
        self._start_replay(addresses)
        self.supervisor.keep()
        self.say("ending")

    def _migrate(self, addresses: Addresses, cluster: Cluster | None) -> None:
        """Migrate as the owner, unless this very code has done so before."""
        mark = fingerprint()
        if cluster is not None and cluster.migrated_by() == mark:
            return
        env = addresses.owner_env(self.data.path, demo=self.options.demo)
        command = manage("migrate", "--no-input", "--skip-checks")
        self.supervisor.run_once("migrate", command, env, cwd=PROJECT, log=self.data.log("migrate"))
        if cluster is not None:
            cluster.set_migrated_by(mark)

    def _seed(self, addresses: Addresses, cluster: Cluster | None) -> None:
        """Fill a demo's database, once."""
        mark = addresses.database_url if cluster is None else "embedded"
        if not (self.options.demo and self.options.has_demo_command) or self.data.demo_mark() == mark:
            return
        self.say("demo: filling the database")
        self.data.write("demo", "begun")
        # The seed works as the serving role; only the decided past is written as the owner (soc/demo/owner.py).
        env = addresses.owner_env(self.data.path, demo=True)
        command = manage("demo", "seed", "--with-history")
        self.supervisor.run_once("demo seed", command, env, cwd=PROJECT, log=self.data.log("seed"))
        self.data.write("demo", mark)

    def _start_processes(self, address: WebAddress, addresses: Addresses) -> None:
        env = addresses.serving_env(self.data.path, demo=self.options.demo)
        runtime = self.data.runtime_directory()
        services = [
            web_service(address, env, self.data),
            worker_service(env, self.data, runtime),
            sweeper_service(env, self.data, runtime),
        ]
        self.supervisor.bring_up(services)

    def _start_replay(self, addresses: Addresses) -> None:
        """Start the demo's stream, last: nobody waits for it."""
        if self.options.demo and self.options.has_demo_command and self.options.replay > 0:
            env = addresses.serving_env(self.data.path, demo=True)
            stream = replay_service(env, self.data, self.data.runtime_directory(), rate=self.options.replay)
            self.supervisor.bring_up([stream])

    def _announce(self, address: WebAddress) -> None:
        self.say(f"ready: {address.url}")
        if self.options.demo and self.options.has_demo_command:
            password = self.options.demo_password or "the one in COUNTERSIGN_DEMO_PASSWORD"
            self.say(f"log in at {address.url}/accounts/login/ as one of: {DEMO_PEOPLE}")
            self.say(f"password of each: {password}")
        self.say(f"logs in {self.data.path / 'logs'}; Ctrl-C ends everything")

    def _refuse_known_passwords(self, has_demo_accounts: bool) -> None:
        if has_demo_accounts and not is_loopback(self.options.host):
            raise CannotStart(
                f"Demo accounts have a known password, and {self.options.host} can be reached by others: use "
                "--host 127.0.0.1, or --no-demo with a --data-dir that never held the demo."
            )


def _written(addresses: Addresses) -> dict[str, str]:
    """Give services.json's names (soc/settings/services.py)."""
    parts = asdict(addresses)
    return {**parts, "database_owner_url": parts.pop("owner_url")}
