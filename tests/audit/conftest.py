"""Entries to tamper with, and the database administrator who does it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import transaction
from psycopg.conninfo import make_conninfo

from audit.actors import Actor
from audit.services import record
from soc.supervisor.postgres import ADMIN_ROLE
from tests.databases import database_url, own_name

MIA = Actor(kind="person", id="6d1f7c3e-0000-4000-8000-000000000001", name="Mia Long", role="senior_analyst")


@pytest.fixture
def places(settings: object, tmp_path: Path) -> Path:
    """Give the test its own checkpoint and key folders; return the checkpoints'."""
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"  # type: ignore[attr-defined]
    settings.CHECKPOINT_KEY_DIR = tmp_path / "keys"  # type: ignore[attr-defined]
    return tmp_path / "checkpoints"


@pytest.fixture
def add_entries() -> Callable[..., list[int]]:
    """Return a function that commits (or, in a test that rolls back, writes) some entries."""

    def add(count: int, **values: object) -> list[int]:
        with transaction.atomic():
            return [
                record(
                    **{  # type: ignore[arg-type]
                        "action": "audit.log.exported",
                        "actor": MIA,
                        "object_type": "action",
                        "object_id": f"object-{number}",
                        "object_label": f"isolate_host WS-{1000 + number}",
                        "before": {"status": "pending"},
                        "after": {"status": "approved", "entries": number, "format": "csv"},
                        "reason": f"reason {number}",
                    }
                    | values
                )
                for number in range(count)
            ]

    return add


@pytest.fixture
def dba(transactional_db: None) -> Iterator[psycopg.Connection]:
    """The superuser, with triggers off in their session: whom only the checkpoints can catch."""
    if not _has_admin():
        pytest.skip("the database server is not ours: no superuser to tamper as")
    with psycopg.connect(_admin_url(), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def _admin_url() -> str:
    return make_conninfo(database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"), user=ADMIN_ROLE)


def _has_admin() -> bool:
    try:
        psycopg.connect(_admin_url(), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True
