"""Which database and broker a run uses, and what its children see of that."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What a child gets from us alone: neither inherited nor read from a `NAME_FILE`.
_OURS = (
    "COUNTERSIGN_DATABASE_URL",
    "COUNTERSIGN_DATABASE_OWNER_URL",
    "COUNTERSIGN_REDIS_URL",
    "COUNTERSIGN_SECRET_KEY",
    "COUNTERSIGN_DATA_DIR",
    "COUNTERSIGN_DEMO",
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs and the key of one run. `owner_url` is empty for an external database whose owner we do not know."""

    database_url: str
    owner_url: str
    redis_url: str
    secret_key: str

    def serving_env(self, data_dir: Path, *, demo: bool) -> dict[str, str]:
        """Return the environment of web, worker and sweeper: the owner's URL is not in it."""
        env = _without(os.environ, _OURS)
        env["COUNTERSIGN_DATABASE_URL"] = self.database_url
        env["COUNTERSIGN_REDIS_URL"] = self.redis_url
        env["COUNTERSIGN_SECRET_KEY"] = self.secret_key
        env["COUNTERSIGN_DATA_DIR"] = str(data_dir)
        env["COUNTERSIGN_DEMO"] = "1" if demo else "0"
        env["PYTHONUNBUFFERED"] = "1"
        return env

    def owner_env(self, data_dir: Path, *, demo: bool) -> dict[str, str]:
        """Return the environment of the commands that change tables."""
        env = self.serving_env(data_dir, demo=demo)
        if self.owner_url:
            env["COUNTERSIGN_DATABASE_OWNER_URL"] = self.owner_url
        return env


def _without(env: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    left_out = {*names, *(f"{name}_FILE" for name in names)}
    return {name: value for name, value in env.items() if name not in left_out}
