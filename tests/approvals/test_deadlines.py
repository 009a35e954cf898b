"""Deadlines: judged by the database's clock; the tests move rows, not clocks."""

import datetime as dt

import psycopg
import pytest
from psycopg import sql

from accounts.models import User
from approvals.errors import MovedOn
from approvals.models import PendingAction
from approvals.services.execute import execute
from approvals.services.expire import expire_due, mark_overdue, proceed_due
from audit.models import Entry
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db(transaction=True)


def age(owner: psycopg.Connection, action: PendingAction, column: str, by: dt.timedelta) -> None:
    """Move a frozen deadline into the past, as only the owner can, with the guard off for that statement."""
    with owner.transaction():
        owner.execute("ALTER TABLE approvals_pendingaction DISABLE TRIGGER approvals_guard_action")
        owner.execute(
            sql.SQL("UPDATE approvals_pendingaction SET {0} = {0} - %s WHERE id = %s").format(sql.Identifier(column)),
            (by, action.id),
        )
        owner.execute("ALTER TABLE approvals_pendingaction ENABLE TRIGGER approvals_guard_action")
    action.refresh_from_db()


def names(action: PendingAction) -> list[str]:
    """Return the audit trail of an action, oldest first."""
    return list(Entry.objects.filter(object_id=str(action.id)).order_by("seq").values_list("action", flat=True))


def test_an_optional_action_proceeds_after_its_deadline_if_no_one_objected(
    proposed: Propose, owner_connection: psycopg.Connection
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    assert proceed_due() == 0
    age(owner_connection, action, "deadline_at", dt.timedelta(minutes=16))
    assert proceed_due() == 1
    assert execute(action_id=action.id) == "executed"
    assert names(action)[:2] == ["approvals.action.proposed", "approvals.action.proceeded"]


def test_an_objection_stops_an_optional_action(
    proposed: Propose, analyst: User, owner_connection: psycopg.Connection
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    vote(analyst, action, decision="reject", reason_code="too_broad")
    age(owner_connection, action, "deadline_at", dt.timedelta(minutes=16))
    assert proceed_due() == 0
    assert execute(action_id=action.id) == "not claimed: rejected"


@pytest.mark.parametrize(
    ("type_", "value"), [("isolate_host", "WS-1031"), ("collect_memory", "WS-1031"), ("wipe_endpoint", "WS-1031")]
)
def test_stricter_levels_stay_blocked_and_are_marked_overdue_once(
    proposed: Propose, owner_connection: psycopg.Connection, type_: str, value: str
) -> None:
    action = proposed(type_, "host", value)
    age(owner_connection, action, "deadline_at", dt.timedelta(hours=5))
    assert (proceed_due(), mark_overdue(), mark_overdue()) == (0, 1, 0)
    action.refresh_from_db()
    assert (action.status, action.overdue_at is None) == ("pending", False)
    assert names(action) == ["approvals.action.proposed", "approvals.action.overdue"]


def test_hard_expiry_ends_pending_and_approved_actions_and_refuses_late_votes(
    proposed: Propose, analyst: User, owner_connection: psycopg.Connection
) -> None:
    waiting, approved = proposed(), proposed(value="WS-1032")
    vote(analyst, approved)
    for action in (waiting, approved):
        age(owner_connection, action, "expires_at", dt.timedelta(hours=25))
    with pytest.raises(MovedOn) as late:
        vote(analyst, waiting)
    assert late.value.code == "expired"
    assert expire_due() == 2
    assert execute(action_id=approved.id) == "not claimed: expired"
    assert set(PendingAction.objects.values_list("status", flat=True)) == {"expired"}
