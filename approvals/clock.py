"""The database's clock: deadlines, leases and votes are judged by it, never by a host's."""

import datetime as dt

from django.db import connection


def database_now() -> dt.datetime:
    """Return clock_timestamp() (not now(), which stands still inside a transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - SELECT of one value
    moment: dt.datetime = row[0]
    return moment
