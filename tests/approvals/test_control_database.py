"""Stops against raw SQL, deadlines and racing claims, on committed rows."""

import datetime as dt
import os
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from accounts.models import Agent, Team, User
from approvals.models import Attempt, PendingAction, Stop
from approvals.services.control import request_lift
from approvals.services.execute import execute
from approvals.services.expire import expire_due, proceed_due
from approvals.sweeps import BATCH, execute_due
from integrations.models import EstateEffect
from tests.approvals.control import SCOPES, freeze, key_of, lift, stop
from tests.approvals.test_deadlines import age
from tests.databases import database_url, own_name
from tests.proposals import Propose, fresh, vote

pytestmark = pytest.mark.django_db(transaction=True)
#: The long form of the figure: COUNTERSIGN_STOP_ROUNDS=500.
ROUNDS = int(os.environ.get("COUNTERSIGN_STOP_ROUNDS", "50"))


def as_serving_role() -> psycopg.Connection:
    """Return a plain connection with the rights that web and workers have."""
    return psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_URL"), autocommit=True)


# --- deadlines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
def test_an_optional_action_does_not_proceed_while_stopped(
    scope: str,
    proposed: Propose,
    senior: User,
    lead: User,
    agent: Agent,
    owner_connection: psycopg.Connection,
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    stopped = stop(lead, scope, key_of(scope, agent, "block_ip"))
    age(owner_connection, action, "deadline_at", dt.timedelta(minutes=16))
    assert proceed_due() == 0
    action.refresh_from_db()
    assert action.status == "pending"
    lift(stopped, senior, lead)
    assert proceed_due() == 1
    assert execute(action_id=action.id) == "executed"


def test_an_optional_action_proposed_before_a_freeze_waits_for_its_end(
    proposed: Propose, lead: User, lead2: User, owner_connection: psycopg.Connection
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    frozen = freeze(lead)
    age(owner_connection, action, "deadline_at", dt.timedelta(minutes=16))
    assert proceed_due() == 0
    lift(frozen, lead, lead2)
    assert proceed_due() == 1


def test_another_agents_stop_does_not_keep_the_rest_waiting(
    proposed: Propose, lead: User, team: Team, owner_connection: psycopg.Connection
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    stop(lead, "action_type", "block_domain")
    age(owner_connection, action, "deadline_at", dt.timedelta(minutes=16))
    assert proceed_due() == 1


def test_what_waits_under_a_stop_expires_as_usual(
    proposed: Propose, analyst: User, lead: User, owner_connection: psycopg.Connection
) -> None:
    action = proposed()
    vote(analyst, action)
    stop(lead)
    assert execute(action_id=action.id).startswith("held back")
    age(owner_connection, action, "expires_at", dt.timedelta(hours=25))
    assert expire_due() == 1
    assert execute(action_id=action.id) == "not claimed: expired"
    assert not EstateEffect.objects.exists()


def test_a_freeze_ends_by_itself_and_goes_to_the_history(
    proposed: Propose, lead: User, owner_connection: psycopg.Connection
) -> None:
    frozen = freeze(lead)
    with owner_connection.transaction():
        owner_connection.execute("ALTER TABLE approvals_stop DISABLE TRIGGER approvals_guard_stop")
        owner_connection.execute(
            "UPDATE approvals_stop SET starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day'"
        )
        owner_connection.execute("ALTER TABLE approvals_stop ENABLE TRIGGER approvals_guard_stop")
    assert proposed("whois_lookup", "ip", "203.0.113.7").status == "approved"
    assert freeze(lead).id != frozen.id


def test_what_a_stop_holds_back_starves_nobody(
    proposed: Propose, lead: User, owner_connection: psycopg.Connection
) -> None:
    held = [proposed("whois_lookup", "ip", f"203.0.113.{number}") for number in range(BATCH + 5)]
    other = proposed("reputation_check", "ip", "203.0.113.1")
    stop(lead, "action_type", "whois_lookup")
    for _ in range(3):
        for action in held:
            execute(action_id=action.id)
        # Everything that waits is due at the same time.
        owner_connection.execute(
            "UPDATE approvals_pendingaction SET next_claim_at = now() - interval '1 second' WHERE status = 'approved'"
            " AND next_claim_at IS NOT NULL"
        )
    assert execute_due() == BATCH
    other.refresh_from_db()
    assert other.status == "executed"
    assert EstateEffect.objects.count() == 1


# --- raw SQL -----------------------------------------------------------------------------------------


def sql_refuses(database: psycopg.Connection, statement: str, *values: object) -> str:
    """Run a statement that must fail; return the start of the database's words."""
    with pytest.raises(psycopg.Error) as refused:
        database.execute(statement, values)
    return str(refused.value).splitlines()[0]


LIFT = "UPDATE approvals_stop SET lifted_by_id = %s, lifted_person_id = %s, lifted_at = now() WHERE id = %s"


def test_raw_sql_cannot_lift_alone_or_unasked(lead: User, lead2: User, analyst: User) -> None:
    stopped = stop(lead)
    with as_serving_role() as database:
        assert sql_refuses(database, LIFT, lead2.pk, lead2.person_id, stopped.id).startswith("CS078")
        request_lift(user=lead, stop_id=stopped.id, reason="Fixed", proof=fresh())
        assert sql_refuses(database, LIFT, lead.pk, lead.person_id, stopped.id).startswith("CS079")
        # Another account of the same human, another human's id on one's own account, a made-up human, an analyst.
        assert sql_refuses(database, LIFT, lead2.pk, lead.person_id, stopped.id).startswith("CS079")
        assert sql_refuses(database, LIFT, lead.pk, lead2.person_id, stopped.id).startswith("CS080")
        assert sql_refuses(database, LIFT, lead.pk, uuid.uuid4(), stopped.id).startswith("CS080")
        assert sql_refuses(database, LIFT, analyst.pk, analyst.person_id, stopped.id).startswith("CS080")
        swap = (
            "UPDATE approvals_stop SET lift_requested_by_id = %s, lift_requested_person_id = %s, lifted_by_id = %s,"
            " lifted_person_id = %s, lifted_at = now() WHERE id = %s"
        )
        values = (lead2.pk, lead2.person_id, lead.pk, lead.person_id, stopped.id)
        assert sql_refuses(database, swap, *values).startswith("CS078")
    assert Stop.objects.get().lifted_at is None


@pytest.mark.parametrize(
    "change",
    ["scope = 'agent', key = 'x'", "reason = 'other'", "kind = 'change_freeze'", "set_at = now()", "ends_at = now()"],
)
def test_the_serving_role_changes_nothing_but_the_lift(change: str, lead: User) -> None:
    stop(lead)
    with as_serving_role() as database:
        assert "permission denied" in sql_refuses(database, f"UPDATE approvals_stop SET {change}")
        assert "permission denied" in sql_refuses(database, "DELETE FROM approvals_stop")
        assert "permission denied" in sql_refuses(database, "TRUNCATE approvals_stop")


def test_the_trigger_holds_even_for_the_owner(lead: User, lead2: User, owner_connection: psycopg.Connection) -> None:
    stopped = stop(lead)
    assert sql_refuses(owner_connection, "UPDATE approvals_stop SET reason = 'other'").startswith("CS074")
    assert sql_refuses(owner_connection, "DELETE FROM approvals_stop").startswith("CS070")
    lift(stopped, lead, lead2)
    undo = "UPDATE approvals_stop SET lifted_by_id = NULL, lifted_person_id = NULL, lifted_at = NULL"
    assert sql_refuses(owner_connection, undo).startswith("CS075")


def test_raw_sql_cannot_stop_in_another_name_or_lift_at_once(analyst: User, lead: User, lead2: User) -> None:
    insert = (
        "INSERT INTO approvals_stop (id, kind, scope, key, label, reason, set_by_id, set_by_person_id, set_at,"
        " lift_requested_by_id, lift_requested_person_id, lift_requested_at, lift_reason, revision)"
        " VALUES (gen_random_uuid(), 'kill_switch', 'all', '', '', 'why', %s, %s, now(), %s, %s, %s, %s, 1)"
    )
    with as_serving_role() as database:
        none = (None, None, None, "")
        assert sql_refuses(database, insert, analyst.pk, analyst.person_id, *none).startswith("CS072")
        assert sql_refuses(database, insert, lead.pk, analyst.person_id, *none).startswith("CS072")
        asked = (lead2.pk, lead2.person_id, dt.datetime.now(dt.UTC), "why")
        assert sql_refuses(database, insert, lead.pk, lead.person_id, *asked).startswith("CS071")
    assert not Stop.objects.exists()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_claim_by_raw_sql_is_stopped_too(
    scope: str, proposed: Propose, analyst: User, lead: User, agent: Agent
) -> None:
    action = proposed()
    vote(analyst, action)
    stop(lead, scope, key_of(scope, agent))
    with as_serving_role() as database, pytest.raises(psycopg.Error, match="CS012 stopped"), database.transaction():
        claim_by_sql(database, action)
    assert not Attempt.objects.exists()
    assert PendingAction.objects.get().status == "approved"


def test_what_the_policy_let_through_is_not_claimed_by_raw_sql_during_a_freeze(proposed: Propose, lead: User) -> None:
    action = proposed("whois_lookup", "ip", "203.0.113.7")
    freeze(lead)
    with as_serving_role() as database, pytest.raises(psycopg.Error, match="CS013 frozen"), database.transaction():
        claim_by_sql(database, action)
    assert not Attempt.objects.exists()


def claim_by_sql(database: psycopg.Connection, action: PendingAction) -> None:
    """Claim as code that forgot the guardrails would."""
    database.execute(
        "INSERT INTO approvals_attempt (action_id, fence, connector, digest, state, started_at, response, worker)"
        " VALUES (%s, 1, 'simulated_estate', %s, 'dispatching', now(), '{}', '')",
        (action.id, action.digest),
    )
    database.execute(
        "UPDATE approvals_pendingaction SET status = 'executing', fence = 1,"
        " lease_until = now() + interval '30 seconds' WHERE id = %s",
        (action.id,),
    )


# --- races -------------------------------------------------------------------------------------------


def test_no_claim_begins_after_a_stop_is_stored(proposed: Propose, agent: Agent, lead: User, lead2: User) -> None:
    held, done = 0, 0
    for round_ in range(ROUNDS):
        scope = SCOPES[round_ % len(SCOPES)]
        actions = [proposed("whois_lookup", "ip", f"203.0.113.{number}") for number in (1, 2, 3)]
        stopped, outcomes = race(actions, lead, scope, agent)
        for action, outcome in zip(actions, outcomes, strict=True):
            tries = list(Attempt.objects.filter(action=action))
            assert [attempt for attempt in tries if attempt.started_at >= stopped.set_at] == []
            assert EstateEffect.objects.filter(key=str(action.id)).count() == len(tries) == (outcome == "executed")
        kinds = Counter(outcome.split(":")[0] for outcome in outcomes)
        assert set(kinds) <= {"executed", "held back"}
        held, done = held + kinds["held back"], done + kinds["executed"]
        lift(stopped, lead, lead2)
        for action in actions:
            assert execute(action_id=action.id) in ("executed", "not claimed: executed")
    print(f"\n{ROUNDS} rounds of a stop against 3 claims: {done} executed before it, {held} held back")
    assert held > 0
    assert done > 0


def race(actions: list[PendingAction], user: User, scope: str, agent: Agent) -> tuple[Stop, list[str]]:
    """Run the claims and the stop at once, each on a connection of its own; return the stop and the outcomes."""
    barrier = threading.Barrier(len(actions) + 1)

    def claim(action: PendingAction) -> str:
        barrier.wait()
        try:
            return execute(action_id=action.id)
        finally:
            connection.close()

    def throw() -> Stop:
        barrier.wait()
        try:
            return stop(user, scope, key_of(scope, agent, "whois_lookup"))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions) + 1) as pool:
        claims = [pool.submit(claim, action) for action in actions]
        thrown = pool.submit(throw)
        return thrown.result(), [future.result() for future in claims]
