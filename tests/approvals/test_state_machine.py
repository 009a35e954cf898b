"""The database's own guard: what no code path, raw SQL included, can do as the serving role."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Agent, Role, Team, User
from accounts.services import deactivate_person, remove_from_team, revoke_role
from approvals import transitions
from approvals.errors import MovedOn, NotAllowed
from approvals.models import ActionStatus, Decision, PendingAction, PolicyRule, PolicyVersion
from approvals.policy import DEFAULT_SLOTS
from approvals.services.execute import claim_action, execute, finish
from approvals.services.rollback import propose_rollback
from integrations.models import EstateEffect
from tests.cast import person
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db


def refused(statement: str, *params: Any) -> str:
    """Run raw SQL that must be refused; return the database's words."""
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
    return str(error.value)


def test_the_python_table_of_moves_is_the_databases() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT src, dst FROM approvals_transition")
        assert set(cursor.fetchall()) == {(str(src), str(dst)) for src, dst in transitions.LEGAL}


@pytest.mark.parametrize("source", ActionStatus.values)
@pytest.mark.parametrize("destination", ActionStatus.values)
def test_a_move_outside_the_table_raises(source: str, destination: str) -> None:
    if (source, destination) in transitions.LEGAL:
        transitions.check(source, destination)
    else:
        with pytest.raises(transitions.IllegalMove):
            transitions.check(source, destination)


@pytest.mark.parametrize(
    "column",
    [
        "action_type = 'wipe_endpoint'",
        "target_value = 'SRV-DB-01'",
        "params = '{\"x\": 1}'",
        "canonical = 'other'",
        "approval_level = 'none'",
        "expires_at = expires_at + interval '1 day'",
        "deadline_at = NULL",
        "proposer_person_id = NULL, proposer_kind = 'person'",
        "reasoning = 'nicer'",
        "policy_version_id = 2",
        "guardrails = '[]'",
    ],
)
def test_what_was_proposed_never_changes(proposed: Propose, column: str) -> None:
    action = proposed()
    words = refused(f"UPDATE approvals_pendingaction SET {column} WHERE id = %s", action.id)
    assert "CS002" in words


@pytest.mark.parametrize("status", ["approved", "executing", "executed", "failed", "unknown", "proposed", "refused"])
def test_no_status_is_reached_without_what_it_needs(proposed: Propose, status: str) -> None:
    action = proposed()
    refused("UPDATE approvals_pendingaction SET status = %s WHERE id = %s", status, action.id)
    assert PendingAction.objects.get(pk=action.pk).status == "pending"


def test_an_action_starts_as_proposed_and_is_never_deleted(proposed: Propose) -> None:
    action = proposed()
    refused("DELETE FROM approvals_pendingaction WHERE id = %s", action.id)
    refused("TRUNCATE approvals_decision, approvals_pendingaction CASCADE")
    refused("DELETE FROM approvals_approvalslot WHERE action_id = %s", action.id)
    refused("UPDATE approvals_approvalslot SET roles = '{analyst}' WHERE action_id = %s", action.id)
    refused("INSERT INTO approvals_transition VALUES ('pending', 'executed')")
    refused("ALTER TABLE approvals_pendingaction DISABLE TRIGGER ALL")
    refused("SET session_replication_role = replica")
    refused("SET ROLE countersign_owner")


def test_switching_triggers_off_by_a_session_setting_changes_nothing(proposed: Propose) -> None:
    action = proposed()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', 'public.approvals_pendingaction:guard', true)")
    assert "CS009" in refused("UPDATE approvals_pendingaction SET status = 'approved' WHERE id = %s", action.id)


@pytest.mark.parametrize(
    ("type_", "level", "version"),
    [
        ("wipe_endpoint", "none", 1),
        ("isolate_host", "optional", 1),
        ("unheard_of", "required", 1),
        ("block_ip", "none", 1),
    ],
)
def test_a_raw_action_cannot_ask_for_less_agreement_than_the_policy(
    agent: Agent, team: Team, type_: str, level: str, version: int
) -> None:
    words = refused(
        "INSERT INTO approvals_pendingaction (id, team_id, action_type, target_type, target_value, params,"
        " preconditions, canonical, policy_version_id, approval_level, level_reasons, at_deadline, expires_at,"
        " proposer_kind, proposer_agent_id, reasoning, evidence, rollback_plan, callback_url, idempotency_key,"
        " request_sha256, created_at, guardrails, status, revision, fence, held_back)"
        " VALUES (%s, %s, %s, 'host', 'WS-1', '{}', '{}', 'x', %s, %s, '[]', 'proceed_at_once',"
        " now() + interval '1 day', 'agent', %s, '', '[]', '', '', '', '', now(), '[]', 'proposed', 1, 0, '')",
        uuid.uuid4(),
        team.id,
        type_,
        version,
        level,
        agent.id,
    )
    assert "CS015" in words


def raw_vote(action: PendingAction, user: User, role: str, digest: str = "") -> Callable[[], str]:
    """Return a raw INSERT of a vote, as a program that skips the services would send it."""
    statement = (
        "INSERT INTO approvals_decision (id, action_id, user_id, person_id, decision, digest, role, roles, reason_code,"
        " comment, at, auth_method) VALUES (%s, %s, %s, %s, 'approve', %s, %s, '{}', '', '', now(), '')"
    )
    values = (uuid.uuid4(), action.id, user.pk, user.person_id, digest or action.digest, role)
    return lambda: refused(statement, *values)


def test_a_raw_vote_needs_role_team_digest_and_an_open_action(
    proposed: Propose, analyst: User, outsider: User, manager: User, senior: User
) -> None:
    action = proposed("collect_memory", "host", "WS-1031")
    assert "CS027" in raw_vote(action, analyst, "analyst")()
    assert "CS027" in raw_vote(action, analyst, "senior_analyst")()
    assert "CS027" in raw_vote(action, manager, "manager")()
    assert "CS026" in raw_vote(action, outsider, "soc_lead")()
    assert "CS023" in raw_vote(action, senior, "senior_analyst", "0" * 64)()
    vote(senior, action, decision="reject", reason_code="too_risky_now")
    assert "CS022" in raw_vote(action, senior, "senior_analyst")()
    assert Decision.objects.filter(action=action).count() == 1


def test_a_vote_cannot_be_rewritten_or_deleted(proposed: Propose, senior: User) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, action)
    refused("UPDATE approvals_decision SET comment = 'x' WHERE action_id = %s", action.id)
    refused("UPDATE approvals_decision SET person_id = gen_random_uuid() WHERE action_id = %s", action.id)
    refused("DELETE FROM approvals_decision WHERE action_id = %s", action.id)


@pytest.mark.parametrize("how", ["role", "account", "team"])
def test_an_approver_who_lost_the_right_before_the_claim_does_not_count(
    proposed: Propose, senior: User, lead: User, lead2: User, how: str
) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, action)
    assert vote(lead, action).status == "approved"
    if how == "role":
        revoke_role(user=lead, role=Role.SOC_LEAD, reason="left")
    elif how == "account":
        deactivate_person(user=lead, reason="left")
    else:
        remove_from_team(user=lead, team=action.team, reason="moved")
    assert execute(action_id=action.id) == "back to people: no live quorum"
    action.refresh_from_db()
    assert action.status == "pending"
    assert EstateEffect.objects.count() == 0
    assert list(action.decisions.filter(withdrawn_at=None).values_list("user", flat=True)) == [senior.pk]
    assert vote(lead2, action).status == "approved"
    assert execute(action_id=action.id) == "executed"


def test_a_standing_vote_cannot_be_taken_out_of_its_slot(proposed: Propose, senior: User) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, action)
    assert "CS032" in refused("DELETE FROM approvals_slotassignment")


def test_two_accounts_of_one_human_fill_one_slot(proposed: Propose, senior: User, lead2: User, team: Team) -> None:
    lead = person("senior-at-home", Role.SOC_LEAD, team=team, person_id=senior.person_id)
    assert "CS090" in refused("UPDATE accounts_user SET person_id = gen_random_uuid() WHERE id = %s", lead.pk)
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, action)
    with pytest.raises(NotAllowed) as error:
        vote(lead, action)
    assert error.value.code == "already_decided"
    assert vote(lead2, action).status == "approved"


def test_a_changed_target_is_not_executed(proposed: Propose, analyst: User) -> None:
    action = proposed()
    vote(analyst, action)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_estatehost SET criticality = 'critical' WHERE name = 'WS-1031'")
    assert execute(action_id=action.id) == "cancelled: preconditions changed"
    assert EstateEffect.objects.count() == 0


def test_a_stale_digest_and_a_decided_action_answer_moved_on(proposed: Propose, analyst: User, senior: User) -> None:
    action = proposed()
    with pytest.raises(MovedOn) as stale:
        vote(analyst, action, digest="0" * 64)
    assert stale.value.code == "digest"
    vote(analyst, action, decision="reject", reason_code="wrong_target")
    with pytest.raises(MovedOn) as late:
        vote(senior, action)
    assert late.value.code == "state"
    assert Decision.objects.filter(action=action).count() == 1


def test_the_digest_is_computed_by_the_database_from_the_canonical_bytes(proposed: Propose) -> None:
    action = proposed()
    from hashlib import sha256

    assert action.digest == sha256(bytes(action.canonical)).hexdigest()


def test_a_first_approver_who_lost_the_role_before_the_second_vote_is_replaced(
    proposed: Propose, senior: User, senior2: User, lead: User
) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(senior, action)
    revoke_role(user=senior, role=Role.SENIOR_ANALYST, reason="left")
    assert vote(lead, action).status == "pending"
    assert list(action.decisions.filter(withdrawn_at=None).values_list("user", flat=True)) == [lead.pk]
    assert vote(senior2, action).status == "approved"
    assert execute(action_id=action.id) == "executed"


def test_a_vote_counts_only_for_the_roles_that_are_still_held(
    proposed: Propose, team: Team, senior: User, lead: User
) -> None:
    both = person("both", Role.SENIOR_ANALYST, Role.SOC_LEAD, team=team)
    action = proposed("wipe_endpoint", "host", "WS-1032")
    vote(both, action)
    revoke_role(user=both, role=Role.SOC_LEAD, reason="moved")
    with pytest.raises(NotAllowed) as refusal:
        vote(senior, action)
    assert refusal.value.code == "slot_taken"
    assert vote(lead, action).status == "approved"
    assert execute(action_id=action.id) == "executed"


def test_a_policy_that_became_stricter_stops_what_was_approved_under_the_looser_one(
    proposed: Propose, analyst: User
) -> None:
    action = proposed("block_ip", "ip", "203.0.113.5")
    assert vote(analyst, action).status == "approved"
    PolicyVersion.objects.update(is_current=False)
    stricter = PolicyVersion.objects.create(version=2, summary="two people", published_by="test", is_current=True)
    slots = [{"role": role, "roles": list(roles)} for role, roles in DEFAULT_SLOTS["dual_required"]]
    PolicyRule.objects.create(
        version=stricter, level="dual_required", slots=slots, at_deadline="page_on_call", expires_seconds=3600
    )
    assert execute(action_id=action.id) == "cancelled: the policy is stricter"
    assert EstateEffect.objects.count() == 0
    assert proposed("block_ip", "ip", "203.0.113.6").approval_level == "dual_required"


def test_a_file_is_quarantined_only_on_a_host_of_the_inventory_and_one_host_is_one_action(proposed: Propose) -> None:
    def on(host: str) -> PendingAction:
        return proposed("quarantine_file", "file", "C:\\a.exe", params={"host": host})

    assert on("ws-1031").params == {"host": "WS-1031"}
    assert [on(host).guardrails[-1]["name"] for host in ("WS-1031", "LAB-01", "CTRL-01", "nosuch")] == [
        "duplicate",
        "canonical_target",
        "protected_target",
        "canonical_target",
    ]


@pytest.mark.parametrize(
    "value", ["::a00:1", "64:ff9b::a00:1", "64:ff9b::808:808", "2002:a00:1::", "fec0::1", "fe80::1"]
)
def test_an_address_that_hides_another_is_not_blocked(proposed: Propose, value: str) -> None:
    assert proposed("block_ip", "ip", value).status == "refused"


def test_a_release_that_ends_late_does_not_free_a_newer_isolation(
    proposed: Propose, analyst: User, analyst2: User
) -> None:
    first = proposed()
    vote(analyst, first)
    execute(action_id=first.id)
    release = propose_rollback(user=analyst, action_id=first.id)
    vote(analyst2, release)
    claim = claim_action(action_id=release.id)
    assert not isinstance(claim, str)
    result = claim.connector.perform(claim.request)
    second = proposed()
    vote(analyst, second)
    assert execute(action_id=second.id) == "executed"
    finish(action_id=release.id, fence=claim.fence, result=result)
    assert second.blast_hold.counter.in_use == 1
