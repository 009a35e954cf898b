"""The test database: migrated as the owner, copied for each worker, served as the serving role.

`django_db` tests roll back. `django_db(transaction=True)` tests commit for real; afterwards their database is made
again from the template, because the serving role may not truncate what is append-only.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from soc.privileges import closed_database

#: Set by tests.services for the embedded cluster; for an external one by whoever runs the tests.
SUPERUSER_URL = "COUNTERSIGN_TEST_SUPERUSER_URL"
#: Two workers must not both migrate the template. Any number that nothing else locks.
_TEMPLATE_LOCK = 7_305_114


def database_url(name: str, role_variable: str) -> str:
    """Return the URL in environment variable `role_variable` with another database in it (libpq's key=value form)."""
    return make_conninfo(os.environ[role_variable], dbname=name)


def template_name() -> str:
    return f"test_{os.environ['COUNTERSIGN_TEST_RUN']}_template"


def own_name() -> str:
    return f"test_{os.environ['COUNTERSIGN_TEST_RUN']}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Replace pytest-django's: the database comes from the template, the connection is the serving role's."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        _migrate_template()
        renew_database()
        connection.close()
        patch.setitem(connection.settings_dict, "NAME", own_name())
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: renew_database())
        yield
        connections.close_all()
        _as_owner(_drop(own_name()))


@pytest.fixture
def service_env() -> dict[str, str]:
    """Environment of a subprocess (a server, a command) that works on this worker's test database."""
    return server_environment()


def server_environment() -> dict[str, str]:
    """Return what `service_env` gives, for fixtures that live longer than a test."""
    return os.environ | {
        "COUNTERSIGN_DATABASE_URL": database_url(own_name(), "COUNTERSIGN_DATABASE_URL"),
        "COUNTERSIGN_DATABASE_OWNER_URL": database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }


@pytest.fixture
def owner_connection(db: None) -> Iterator[psycopg.Connection]:
    """A connection of the owner to the test database, in autocommit; it sees committed rows only."""
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"), autocommit=True) as owner:
        yield owner


@pytest.fixture
def superuser_connection(db: None) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the test database, in autocommit: the administrator whom the audit must expose."""
    if SUPERUSER_URL not in os.environ:
        pytest.skip(f"{SUPERUSER_URL} names no superuser of the external database")
    with psycopg.connect(database_url(own_name(), SUPERUSER_URL), autocommit=True) as superuser:
        yield superuser


def renew_database() -> None:
    """Make this worker's database anew from the template; whoever is still connected to the old one is cut off."""
    connections.close_all()
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(own_name()), sql.Identifier(template_name())
    )
    _cut_off_the_serving_role()
    _as_owner(_drop(own_name()), copy)
    # A copy takes over tables and their grants, but not the rights on the database itself.
    role = str(conninfo_to_dict(os.environ["COUNTERSIGN_DATABASE_URL"]).get("user", ""))
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"), autocommit=True) as owner:
        for statement in closed_database(own_name(), role):
            owner.execute(statement)


def _cut_off_the_serving_role() -> None:
    """End what a server process still has open here: FORCE of the owner does not reach another role's sessions.

    Nobody comes in again meanwhile; the new database starts open.
    """
    shut = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(own_name()))
    with contextlib.suppress(psycopg.errors.InvalidCatalogName):
        _as_owner(shut)
    with psycopg.connect(os.environ["COUNTERSIGN_DATABASE_URL"], autocommit=True) as serving:
        serving.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user",
            [own_name()],
        )


def _migrate_template() -> None:
    """Make the template; the worker that comes second waits for the lock and finds it made."""
    with psycopg.connect(_maintenance_url(), autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        known = owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template_name()]).fetchone()
        if known is not None:
            return
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template_name())))
        with _connected_as_owner():
            call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _connected_as_owner() -> Iterator[None]:
    """Point Django's connection to the template, as the owner, for the migrations alone."""
    owner = conninfo_to_dict(os.environ["COUNTERSIGN_DATABASE_OWNER_URL"])
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", template_name())
        patch.setitem(connection.settings_dict, "USER", owner.get("user", ""))
        patch.setitem(connection.settings_dict, "PASSWORD", owner.get("password", ""))
        patch.setitem(connection.settings_dict, "HOST", owner.get("host", ""))
        patch.setitem(connection.settings_dict, "PORT", str(owner.get("port", "")))
        yield
        connection.close()


def _maintenance_url() -> str:
    """The database that the owner's URL names: the tests never write to it, they only connect to make others."""
    return os.environ["COUNTERSIGN_DATABASE_OWNER_URL"]


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def _as_owner(*statements: sql.Composed) -> None:
    with psycopg.connect(_maintenance_url(), autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)
