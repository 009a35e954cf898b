"""What the serving role may do with each table: given out by the owner after every migrate.

A table that is not listed below may be read and written freely; one that is has exactly the privileges listed.
Functions are their migrations' business.
"""

from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

#: Table -> what the serving role may do with it. A privilege may name columns: "UPDATE (state, ended_at)".
RESTRICTED: dict[str, tuple[str, ...]] = {
    "audit_entry": ("SELECT",),
    "audit_head": ("SELECT",),
    # Web and workers have no business with the record of what was migrated, but `/readyz` reads it.
    "django_migrations": ("SELECT",),
    # The state machine (approvals/sql/state_machine.sql): nothing is deleted, votes and slots are not rewritten.
    "approvals_transition": ("SELECT",),
    "approvals_evidenceview": ("SELECT", "INSERT"),
    "approvals_blastcounter": ("SELECT", "INSERT", "UPDATE (in_use)"),
    "approvals_blasthold": ("SELECT", "INSERT", "UPDATE (released_at)"),
    # Who somebody is and what they may: grants end, they are not rewritten. (person_id: accounts migration 0003.)
    "accounts_rolegrant": ("SELECT", "INSERT", "UPDATE (revoked_at)"),
    "accounts_apitoken": ("SELECT", "INSERT", "UPDATE (last_used_at, revoked_at)"),
    "auth_permission": ("SELECT",),
    "django_content_type": ("SELECT",),
    "integrations_estatekey": ("SELECT", "INSERT", "UPDATE (is_sealed)"),
    "approvals_pendingaction": ("SELECT", "INSERT", "UPDATE"),
    "approvals_approvalslot": ("SELECT", "INSERT"),
    "approvals_decision": ("SELECT", "INSERT", "UPDATE (withdrawn_at)"),
    "approvals_slotassignment": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "approvals_policyproceeding": ("SELECT", "INSERT"),
    "approvals_attempt": ("SELECT", "INSERT", "UPDATE"),
    "approvals_stop": (
        "SELECT",
        "INSERT",
        "UPDATE (revision, lift_requested_by_id, lift_requested_person_id, lift_requested_at, lift_reason,"
        " lifted_by_id, lifted_person_id, lifted_at)",
    ),
    # What was sent to whom stays; only where it stands moves.
    "approvals_callbackdelivery": (
        "SELECT",
        "INSERT",
        "UPDATE (state, attempts, next_attempt_at, lease_until, last_status, last_error, last_attempt_at, ended_at)",
    ),
    "accounts_agentwebhooksecret": ("SELECT", "INSERT", "UPDATE (expires_at)"),
    "approvals_policyversion": ("SELECT", "INSERT", "UPDATE (is_current)"),
    "approvals_policyrule": ("SELECT", "INSERT"),
    # What arrived stays as it arrived; a verdict is superseded, never rewritten; people's words are only added to.
    "incidents_alertpayload": ("SELECT", "INSERT"),
    "incidents_triageverdict": ("SELECT", "INSERT", "UPDATE (is_current)"),
    "incidents_verdictfeedback": ("SELECT", "INSERT"),
    # Events are written and forgotten, never changed: pages rely on what they were told.
    "live_liveevent": ("SELECT", "INSERT", "DELETE"),
}

# Only its owner may close a database; an external one may belong to somebody else (docs/operations.md has the SQL).
_OWN_DATABASE = """
    SELECT datname FROM pg_database
    WHERE datname = current_database() AND pg_has_role(current_user, datdba, 'USAGE')
"""
_FREE = ("SELECT", "INSERT", "UPDATE", "DELETE")


def grant(*, using: str, **_: Any) -> None:
    """Handle post_migrate: give the serving role its rights on the owner's tables and sequences.

    Does nothing where one role does both jobs (an external database without an owner's URL): an owner cannot be
    bound, and `/readyz` says so.
    """
    connection = connections[using]
    role = settings.SERVING_ROLE
    if not role or role == connection.settings_dict["USER"]:
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _closed(cursor):
            cursor.execute(statement)
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        for (table,) in cursor.fetchall():
            for statement in _statements(table, role):
                cursor.execute(statement)
        cursor.execute(_bound("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}", role=role))
        cursor.execute(_OWN_DATABASE)
        if (own := cursor.fetchone()) is not None:
            for statement in closed_database(own[0], role):
                cursor.execute(statement)


def closed_database(name: str, role: str) -> list[sql.Composed]:
    """Return what leaves `role` nothing but to connect and to use the schema: no temporary tables that shadow ours.

    For the database's owner, connected to it. A copy made with CREATE DATABASE … TEMPLATE loses the first two.
    """
    return [
        _bound("REVOKE ALL ON DATABASE {name} FROM PUBLIC, {role}", name=name, role=role),
        _bound("GRANT CONNECT ON DATABASE {name} TO {role}", name=name, role=role),
        _bound("REVOKE ALL ON SCHEMA public FROM PUBLIC, {role}", role=role),
        _bound("GRANT USAGE ON SCHEMA public TO {role}", role=role),
    ]


def _closed(cursor: CursorWrapper) -> list[sql.Composed]:
    """No temporary tables: one could stand in for a table that a function reads. Only a database's owner may say so."""
    cursor.execute(
        "SELECT current_database(), pg_has_role(current_user, datdba, 'USAGE') FROM pg_database"
        " WHERE datname = current_database()"
    )
    database, is_owner = cursor.fetchone()
    return [_bound("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", database=database)] if is_owner else []


def _statements(table: str, role: str) -> list[sql.Composed]:
    """Everything is taken back first, so that a table which became stricter loses what it had."""
    rights = RESTRICTED.get(table, _FREE)
    taken = _bound("REVOKE ALL ON public.{table} FROM {role}, PUBLIC", table=table, role=role)
    if not rights:
        return [taken]
    given = sql.SQL("GRANT {} ON public.{} TO {}").format(
        sql.SQL(", ").join(map(sql.SQL, rights)), sql.Identifier(table), sql.Identifier(role)
    )
    return [taken, given]


def _bound(statement: str, **names: str) -> sql.Composed:
    return sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in names.items()})
