"""Entries to tamper with, and the database administrator who does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
def places(settings: Any, tmp_path: Path) -> Path:
    """Give the test its own checkpoint and key folders; return the checkpoints'."""
    settings.CHECKPOINT_DIR = tmp_path / "checkpoints"
    settings.CHECKPOINT_KEY_DIR = tmp_path / "keys"
    return tmp_path / "checkpoints"


@pytest.fixture
def add_entries() -> Callable[..., list[int]]:
    """Return a function that commits (or, in a test that rolls back, writes) some entries."""

    def add(count: int, **values: Any) -> list[int]:
        with transaction.atomic():
            return [record(**_decision(number) | values) for number in range(count)]

    return add


def _decision(number: int) -> dict[str, Any]:
    return {
        "action": "audit.log.exported",
        "actor": MIA,
        "object_type": "action",
        "object_id": f"object-{number}",
        "object_label": f"isolate_host WS-{1000 + number}",
        "before": {"status": "pending"},
        "after": {"status": "approved", "entries": number, "format": "csv"},
        "reason": f"reason {number}",
    }


def superuser_url() -> str:
    """Return where the superuser reaches the test database."""
    return make_conninfo(database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"), user=ADMIN_ROLE)


def require_superuser() -> None:
    """Skip where the database server is not the tests' own and has no superuser to tamper as."""
    try:
        psycopg.connect(superuser_url(), connect_timeout=3).close()
    except psycopg.OperationalError:
        pytest.skip("the database server is not ours: no superuser to tamper as")
