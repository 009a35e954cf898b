"""The tests' database is served as production's is, and given back as it was."""

import threading

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from soc.privileges import RESTRICTED


@pytest.mark.django_db
def test_tests_connect_as_the_serving_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == ("countersign_app", "countersign_app")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_gone_in_the_next_test(turn: int) -> None:
    assert Session.objects.count() == 0
    worker = threading.Thread(target=_commit_a_session)
    worker.start()
    worker.join()
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_rows_that_migrations_made_survive_the_reset() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 FROM django_migrations")
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_owner_connection_owns_the_tables(owner_connection: psycopg.Connection) -> None:
    found = owner_connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'django_session'").fetchone()
    assert found == ("countersign_owner",)


@pytest.mark.django_db
def test_every_restricted_table_exists() -> None:
    assert set(RESTRICTED) - set(connection.introspection.table_names()) == set()


@pytest.mark.django_db
def test_serving_role_has_exactly_the_rights_that_are_listed() -> None:
    question = """
        SELECT privilege_type FROM information_schema.table_privileges
        WHERE table_schema = 'public' AND table_name = %s AND grantee = current_user
    """
    for table, rights in RESTRICTED.items():
        with connection.cursor() as cursor:
            cursor.execute(question, [table])
            found = {right for (right,) in cursor.fetchall()}
        assert found == {right for right in rights if "(" not in right}, table


@pytest.mark.django_db
def test_serving_role_may_neither_create_nor_shadow_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_database_privilege(current_database(), 'TEMP'),"
            " has_database_privilege(current_database(), 'CREATE'), has_schema_privilege('public', 'CREATE')"
        )
        assert cursor.fetchone() == (False, False, False)


def _commit_a_session() -> None:
    Session.objects.create(session_key="a", session_data="", expire_date=timezone.now())
    connection.close()
