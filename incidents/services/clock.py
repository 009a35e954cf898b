"""The database's clock: leases and deadlines are judged by one clock, whichever process asks."""

import datetime as dt

from django.db import connection


def database_now() -> dt.datetime:
    """Return clock_timestamp(), which moves inside a transaction (now() does not)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment = cursor.fetchone()[0]
    assert isinstance(moment, dt.datetime)  # noqa: S101 - the driver's type for timestamptz
    return moment
