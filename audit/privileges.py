"""The serving role may call the append function; soc/privileges.py gives it SELECT on the tables, and no more."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

_STATEMENTS = (
    "REVOKE ALL ON FUNCTION public.audit_append(jsonb) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION public.audit_append(jsonb) TO {role}",
)


def grant(*, using: str, **_: Any) -> None:
    """Handle post_migrate: open the one door through which the serving role writes entries.

    Does nothing where one role does both jobs (an external database without an owner's URL).
    """
    connection = connections[using]
    role = settings.SERVING_ROLE
    if not role or role == connection.settings_dict["USER"]:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('public.audit_append(jsonb)') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return  # migrated back to nothing
        for statement in _STATEMENTS:
            cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
