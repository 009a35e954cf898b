"""The database's clock: ages and deadlines are judged by it."""

import datetime as dt

from django.db import connection


def database_now() -> dt.datetime:
    """Return the database's time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now
