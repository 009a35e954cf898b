"""Acting as the database's owner for one transaction: the only way to write a past that nobody lived.

The triggers of approvals/sql/state_machine.sql judge every vote and move by the database's clock, which is right for
everything but an invented past. Only the owner's role can put them aside; web and worker do not have its URL. It
happens in one transaction that nobody else sees into, on a record without any decision, and what was written is
checked against the same rules (soc/demo/faults.py) before the commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from soc.demo.faults import faults
from soc.settings.services import ServiceUrls, database

#: Table -> its guard.
GUARDS = {
    "approvals_pendingaction": "approvals_guard_action",
    "approvals_approvalslot": "approvals_guard_slot",
    "approvals_decision": "approvals_guard_decision",
    "approvals_slotassignment": "approvals_guard_assignment",
    "approvals_policyproceeding": "approvals_guard_proceeding",
    "approvals_attempt": "approvals_guard_attempt",
}
_IS_OWNER = """
SELECT pg_has_role(current_user, tableowner, 'USAGE') FROM pg_tables
 WHERE schemaname = 'public' AND tablename = 'approvals_pendingaction'
"""


class BrokenPastError(Exception):
    """What was written breaks rules of the state machine; the transaction was rolled back."""


@contextmanager
def as_owner() -> Iterator[bool]:
    """Connect as the owner until the block ends; yields False where that cannot be done."""
    url = ServiceUrls.find(settings.DATA_DIR)
    before = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    if url.database_owner_url:
        connection.close()
        owner = database(url, as_owner=True)
        connection.settings_dict.update({name: owner[name] for name in before})
    try:
        yield _is_owner()
    finally:
        if url.database_owner_url:
            connection.close()
            connection.settings_dict.update(before)


@contextmanager
def guards_aside() -> Iterator[None]:
    """Put the guards aside for one transaction. Raises BrokenPastError, and writes nothing, where a rule is broken."""
    with transaction.atomic():
        _switch("DISABLE")
        yield
        with connection.cursor() as cursor:
            # Foreign keys are checked at the commit, and PostgreSQL alters no table that has checks to come.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _switch("ENABLE")
        found = faults()
        if found:
            raise BrokenPastError("; ".join(found[:5]))


def _switch(verb: str) -> None:
    with connection.cursor() as cursor:
        for table, trigger in GUARDS.items():
            cursor.execute(f"ALTER TABLE public.{table} {verb} TRIGGER {trigger}")


def _is_owner() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_OWNER)
        row = cursor.fetchone()
    return bool(row and row[0])
