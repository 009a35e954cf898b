"""Where PostgreSQL and Redis are: the environment, else what `manage.py up` wrote into its data directory."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from soc import env

#: Written by the supervisor, mode 0600: {"database_url", "database_owner_url", "redis_url", "secret_key"}.
SERVICES_FILE = "services.json"


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """The two database URLs (serving role and owner), Redis, and the key that signs sessions."""

    database_url: str
    database_owner_url: str
    redis_url: str
    secret_key: str

    @classmethod
    def find(cls, data_dir: Path) -> "ServiceUrls":
        """Read the environment first; what it does not name comes from the run in `data_dir`, if there is one."""
        written = _written_by_supervisor(data_dir)
        named = env.text("COUNTERSIGN_DATABASE_URL")
        # The two URLs belong together: an owner's from a file must never meet a database from the environment,
        # and web and workers, who are given the serving URL alone, must not find the owner's by the way.
        owner = "" if named else written.get("database_owner_url", "")
        return cls(
            database_url=named or written.get("database_url", ""),
            database_owner_url=env.text("COUNTERSIGN_DATABASE_OWNER_URL", owner),
            redis_url=env.text("COUNTERSIGN_REDIS_URL", written.get("redis_url", "")),
            # Without services nothing is served (checks, makemigrations): a key for this process alone.
            secret_key=env.text("COUNTERSIGN_SECRET_KEY", written.get("secret_key", "")) or secrets.token_urlsafe(48),
        )

    @property
    def serving_role(self) -> str:
        """The role that web and workers use; grants are made out to it."""
        return str(_parts("COUNTERSIGN_DATABASE_URL", self.database_url).get("user", ""))

    @property
    def celery_url(self) -> str:
        """Celery spells a socket's URL differently from redis-py (traps.md)."""
        if self.redis_url.startswith("unix://"):
            return "redis+socket://" + self.redis_url.removeprefix("unix://")
        return self.redis_url or "redis://127.0.0.1:1/0"


def database(urls: ServiceUrls, *, as_owner: bool) -> dict[str, Any]:
    """Return Django's DATABASES entry for the serving role, or for the owner where tables change."""
    url = urls.database_owner_url if as_owner and urls.database_owner_url else urls.database_url
    parts = _parts("COUNTERSIGN_DATABASE_URL", url)
    # Web processes run each request in a thread of its own: without a pool each would open a connection of its own.
    pool = env.integer("COUNTERSIGN_DB_POOL", 0, most=500)
    options: dict[str, Any] = {"options": "-c lock_timeout=5s -c search_path=public"}
    if pool:
        options["pool"] = {"min_size": min(4, pool), "max_size": pool, "timeout": 20}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "countersign"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 0 if pool else env.integer("COUNTERSIGN_DB_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _parts(name: str, url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url)) if url else {}
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name}: not a PostgreSQL URL ({error})") from error


def _written_by_supervisor(data_dir: Path) -> dict[str, str]:
    try:
        return dict(json.loads((data_dir / SERVICES_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
