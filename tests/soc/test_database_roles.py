"""The tests' database is served as production's is, and given back as it was."""

import threading

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone


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


def _commit_a_session() -> None:
    Session.objects.create(session_key="a", session_data="", expire_date=timezone.now())
    connection.close()
