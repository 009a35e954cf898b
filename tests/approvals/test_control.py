"""The kill switch and the change freeze by services: what they keep from happening, and how they are lifted."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import Agent, Role, Team, User
from accounts.services import create_agent, revoke_role
from approvals.errors import NotAllowed, NotVisible, WrongFields
from approvals.models import PendingAction, Stop
from approvals.services.control import (
    Order,
    StopMovedOn,
    confirm_lift,
    request_lift,
    set_stop,
    withdraw_lift_request,
)
from approvals.services.decide import Proof
from approvals.services.execute import execute
from approvals.services.propose import Proposal, Proposer, propose
from audit.models import Entry
from integrations.models import EstateEffect, EstateHost
from live.models import LiveEvent
from tests.approvals.control import SCOPES, freeze, key_of, lift, stop
from tests.cast import person
from tests.proposals import Propose, fresh, vote

pytestmark = pytest.mark.django_db
STALE = Proof(method="password", at=timezone.now() - dt.timedelta(hours=1))


def guardrail(action: PendingAction, name: str) -> dict[str, object]:
    """Return one stored outcome of an action."""
    return next(row for row in action.guardrails if row["name"] == name)


def entries(name: str) -> list[Entry]:
    return list(Entry.objects.filter(action=name))


# --- at the proposal ---------------------------------------------------------------------------------


def test_the_order_of_the_guardrails_is_the_domains(proposed: Propose) -> None:
    assert [row["name"] for row in proposed().guardrails] == [
        "kill_switch",
        "allowlist",
        "canonical_target",
        "protected_target",
        "duplicate",
        "rate",
        "blast_radius",
        "rollback_plan",
        "anomaly",
        "change_freeze",
    ]


def test_without_a_stop_the_new_guardrails_only_pass(proposed: Propose) -> None:
    action = proposed()
    assert guardrail(action, "kill_switch")["outcome"] == "pass"
    assert guardrail(action, "change_freeze")["outcome"] == "pass"
    assert (action.status, action.approval_level) == ("pending", "recommended")
    assert set(guardrail(action, "change_freeze")) == {"name", "outcome", "detail"}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_proposal_under_a_stop_is_refused_in_words(scope: str, proposed: Propose, lead: User, agent: Agent) -> None:
    stop(lead, scope, key_of(scope, agent))
    action = proposed()
    assert action.status == "refused"
    assert [row["name"] for row in action.guardrails] == ["kill_switch"]
    detail = str(guardrail(action, "kill_switch")["detail"])
    assert detail.startswith("lead stopped ")
    assert detail.endswith(": Odd proposals since noon")
    assert not action.slots.exists()


@pytest.mark.parametrize("scope", ["agent", "action_type"])
def test_what_a_stop_does_not_cover_goes_on(
    scope: str, proposed: Propose, lead: User, team: Team, analyst: User
) -> None:
    other = create_agent(name="another", team=team)
    stop(lead, scope, str(other.id) if scope == "agent" else "block_ip")
    action = proposed()
    vote(analyst, action)
    assert execute(action_id=action.id) == "executed"


def test_a_type_that_no_connector_performs_is_refused_by_the_allowlist_as_before(proposed: Propose, lead: User) -> None:
    stop(lead, "connector", "simulated_estate")
    action = proposed("no_such_type", "host", "WS-1032")
    assert [(row["name"], row["outcome"]) for row in action.guardrails] == [
        ("kill_switch", "pass"),
        ("allowlist", "refuse"),
    ]


def test_a_stop_of_everything_also_stops_people_and_look_ups(
    proposed: Propose, lead: User, analyst: User, team: Team
) -> None:
    stop(lead)
    by_person = propose(
        proposer=Proposer(team=team, user=analyst),
        proposal=Proposal(action_type="isolate_host", target_type="host", target_value="WS-1031"),
    )
    assert by_person.status == "refused"
    assert proposed("whois_lookup", "ip", "203.0.113.7").status == "refused"
    assert not EstateEffect.objects.exists()


# --- at the claim ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
def test_a_stop_between_approval_and_claim_holds_until_two_people_lift(
    scope: str, proposed: Propose, analyst: User, lead: User, senior: User, agent: Agent
) -> None:
    action = proposed()
    vote(analyst, action)
    stopped = stop(senior, scope, key_of(scope, agent))
    for _ in range(3):
        assert execute(action_id=action.id).startswith("held back: senior stopped ")
    action.refresh_from_db()
    assert (action.status, action.attempts.count(), action.fence) == ("approved", 0, 0)
    assert not EstateHost.objects.get(name="WS-1031").is_isolated
    assert not EstateEffect.objects.exists()
    assert len(entries("approvals.action.held_back")) == 1
    lift(stopped, senior, lead)
    assert execute(action_id=action.id) == "executed"
    assert EstateEffect.objects.filter(key=str(action.id)).count() == 1


def test_a_long_reason_fits_the_action_that_waits(proposed: Propose, analyst: User, lead: User) -> None:
    action = proposed()
    vote(analyst, action)
    stop(lead, reason="x" * 1000)
    assert execute(action_id=action.id).startswith("held back")
    action.refresh_from_db()
    assert len(action.held_back) == 300


def test_people_vote_while_it_is_stopped_and_nothing_runs(proposed: Propose, analyst: User, lead: User) -> None:
    action = proposed()
    stop(lead)
    assert vote(analyst, action).status == "approved"
    assert execute(action_id=action.id).startswith("held back")
    assert not EstateEffect.objects.exists()


# --- freezes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("type_", "kind", "value", "usual", "frozen"),
    [
        ("whois_lookup", "ip", "203.0.113.7", "none", "recommended"),
        ("block_ip", "ip", "203.0.113.7", "optional", "recommended"),
        ("isolate_host", "host", "WS-1031", "recommended", "recommended"),
        ("collect_memory", "host", "WS-1031", "required", "required"),
        ("wipe_endpoint", "host", "WS-1031", "dual_required", "dual_required"),
    ],
)
def test_a_freeze_raises_to_review_and_lowers_nothing(
    scope: str,
    type_: str,
    kind: str,
    value: str,
    usual: str,
    frozen: str,
    proposed: Propose,
    lead: User,
    agent: Agent,
) -> None:
    freeze(lead, scope, key_of(scope, agent, type_))
    action = proposed(type_, kind, value)
    assert (action.status, action.approval_level) == ("pending", frozen)
    row = guardrail(action, "change_freeze")
    assert (row["outcome"], row["at_least"]) == ("warn", "recommended")
    assert str(row["detail"]).startswith("lead froze changes to ")
    assert (len(action.level_reasons) > 1) == (usual != frozen)


def test_what_people_approve_runs_during_a_freeze(proposed: Propose, analyst: User, lead: User) -> None:
    freeze(lead)
    action = proposed("block_ip", "ip", "203.0.113.7")
    vote(analyst, action)
    assert execute(action_id=action.id) == "executed"


def test_what_the_policy_let_through_waits_for_the_end_of_a_freeze(proposed: Propose, lead: User, lead2: User) -> None:
    action = proposed("whois_lookup", "ip", "203.0.113.7")
    frozen = freeze(lead)
    assert execute(action_id=action.id).startswith("held back: lead froze")
    assert not EstateEffect.objects.exists()
    lift(frozen, lead, lead2)
    assert execute(action_id=action.id) == "executed"


def test_a_freeze_for_later_changes_nothing_yet(proposed: Propose, lead: User) -> None:
    freeze(lead, starts_in=1)
    assert proposed("whois_lookup", "ip", "203.0.113.7").status == "approved"


# --- who may, and how it is lifted -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stops", "freezes"),
    [
        ("analyst", False, False),
        ("senior", True, False),
        ("lead", True, True),
        ("admin", True, True),
        ("manager", False, False),
        ("auditor", False, False),
    ],
)
def test_roles(name: str, stops: bool, freezes: bool, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(name)
    for may, act in ((stops, stop), (freezes, freeze)):
        if may:
            assert act(user).set_by == user
        else:
            with pytest.raises(NotAllowed) as refused:
                act(user)
            assert refused.value.code == "role"
    assert Stop.objects.count() == stops + freezes
    assert len(entries("approvals.control.stopped")) == stops + freezes


def test_an_incident_commander_stops_and_lifts(team: Team, lead: User) -> None:
    commander = person("commander", Role.INCIDENT_COMMANDER, team=team)
    assert lift(stop(commander), lead, commander).lifted_by == commander


def test_one_person_cannot_lift_alone(lead: User, lead2: User, team: Team) -> None:
    stopped = stop(lead)
    asked = request_lift(user=lead, stop_id=stopped.id, reason="Fixed", proof=fresh())
    second_account = person("lead-again", Role.SOC_LEAD, team=team, person_id=lead.person_id)
    for account in (lead, second_account):
        with pytest.raises(NotAllowed) as refused:
            confirm_lift(user=account, stop_id=stopped.id, revision=asked.revision, proof=fresh())
        assert refused.value.code == "own_request"
    assert Stop.objects.get().lifted_at is None
    assert entries("approvals.control.lifted") == []
    lifted = confirm_lift(user=lead2, stop_id=stopped.id, revision=asked.revision, proof=fresh())
    assert lifted.lifted_at is not None


def test_lifting_needs_fresh_log_ins_and_stopping_does_not(lead: User, lead2: User) -> None:
    stopped = stop(lead)
    for stale in (STALE, Proof()):
        with pytest.raises(NotAllowed) as refused:
            request_lift(user=lead, stop_id=stopped.id, reason="Fixed", proof=stale)
        assert refused.value.code == "step_up_required"
    asked = request_lift(user=lead, stop_id=stopped.id, reason="Fixed", proof=fresh())
    with pytest.raises(NotAllowed) as refused:
        confirm_lift(user=lead2, stop_id=stopped.id, revision=asked.revision, proof=STALE)
    assert refused.value.code == "step_up_required"
    assert Stop.objects.get().lifted_at is None


def test_analysts_neither_ask_confirm_nor_take_back(analyst: User, lead: User) -> None:
    stopped = stop(lead)
    with pytest.raises(NotAllowed):
        request_lift(user=analyst, stop_id=stopped.id, reason="Please", proof=fresh())
    asked = request_lift(user=lead, stop_id=stopped.id, reason="Fixed", proof=fresh())
    with pytest.raises(NotAllowed):
        confirm_lift(user=analyst, stop_id=stopped.id, revision=asked.revision, proof=fresh())
    with pytest.raises(NotAllowed):
        withdraw_lift_request(user=analyst, stop_id=stopped.id)
    stopped.refresh_from_db()
    assert (stopped.lift_requested_by, stopped.lifted_at) == (lead, None)


def test_a_senior_analyst_cannot_lift_a_freeze(senior: User, lead: User) -> None:
    frozen = freeze(lead)
    with pytest.raises(NotAllowed):
        request_lift(user=senior, stop_id=frozen.id, reason="Please", proof=fresh())
    assert Stop.objects.get().lift_requested_at is None


def test_who_asked_and_lost_the_role_does_not_count(senior: User, lead: User) -> None:
    stopped = stop(lead)
    asked = request_lift(user=senior, stop_id=stopped.id, reason="Fixed", proof=fresh())
    revoke_role(user=senior, role=Role.SENIOR_ANALYST, reason="left the rota")
    with pytest.raises(NotAllowed) as refused:
        confirm_lift(user=lead, stop_id=stopped.id, revision=asked.revision, proof=fresh())
    assert refused.value.code == "requester_lost_role"
    assert Stop.objects.get().lifted_at is None


def test_the_second_person_confirms_the_request_that_was_shown(senior: User, lead: User, lead2: User) -> None:
    stopped = stop(lead)
    shown = request_lift(user=senior, stop_id=stopped.id, reason="Fixed", proof=fresh()).revision
    withdraw_lift_request(user=lead, stop_id=stopped.id)
    with pytest.raises(StopMovedOn) as moved:
        confirm_lift(user=lead2, stop_id=stopped.id, revision=shown, proof=fresh())
    assert moved.value.code == "not_requested"
    request_lift(user=senior, stop_id=stopped.id, reason="Another reason", proof=fresh())
    with pytest.raises(StopMovedOn) as moved:
        confirm_lift(user=lead2, stop_id=stopped.id, revision=shown, proof=fresh())
    assert moved.value.code == "revision"
    assert Stop.objects.get().lifted_at is None


def test_a_second_request_and_a_second_lift_are_refused(senior: User, lead: User, lead2: User) -> None:
    stopped = stop(lead)
    request_lift(user=senior, stop_id=stopped.id, reason="Fixed", proof=fresh())
    with pytest.raises(StopMovedOn):
        request_lift(user=lead, stop_id=stopped.id, reason="Me too", proof=fresh())
    confirm_lift(user=lead2, stop_id=stopped.id, revision=Stop.objects.get().revision, proof=fresh())
    with pytest.raises(StopMovedOn, match="does not hold any more"):
        request_lift(user=lead, stop_id=stopped.id, reason="Again", proof=fresh())
    with pytest.raises(StopMovedOn, match="does not hold any more"):
        confirm_lift(user=lead, stop_id=stopped.id, revision=3, proof=fresh())
    with pytest.raises(StopMovedOn, match="does not hold any more"):
        withdraw_lift_request(user=lead, stop_id=stopped.id)
    assert stop(lead).id != stopped.id


def test_the_same_stop_twice_is_refused_and_says_who_was_first(lead: User, senior: User, agent: Agent) -> None:
    stop(lead, "agent", str(agent.id))
    with pytest.raises(StopMovedOn) as moved:
        stop(senior, "agent", str(agent.id))
    assert "lead stopped the agent responder" in moved.value.words
    assert Stop.objects.count() == 1
    assert stop(senior).scope == "all"


def test_freezes_of_one_scope_do_not_overlap(lead: User) -> None:
    freeze(lead, hours=2)
    with pytest.raises(StopMovedOn):
        freeze(lead, hours=1, starts_in=1)
    assert freeze(lead, hours=1, starts_in=3).starts_at is not None
    assert Stop.objects.count() == 2


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (Order("kill_switch", "all", "", " "), "reason"),
        (Order("kill_switch", "all", "", "x" * 1001), "reason"),
        (Order("kill_switch", "all", "", "a\x00b"), "reason"),
        (Order("kill_switch", "all", "block_ip", "why"), "target"),
        (Order("kill_switch", "agent", "nobody", "why"), "target"),
        (Order("kill_switch", "action_type", "no_such_type", "why"), "target"),
        (Order("kill_switch", "connector", "nowhere", "why"), "target"),
        (Order("kill_switch", "world", "", "why"), "target"),
        (Order("nonsense", "all", "", "why"), "kind"),
        (Order("kill_switch", "all", "", "why", ends_at=timezone.now() + dt.timedelta(hours=1)), "ends_at"),
        (Order("change_freeze", "all", "", "why"), "ends_at"),
        (Order("change_freeze", "all", "", "why", ends_at=timezone.now() - dt.timedelta(hours=1)), "ends_at"),
    ],
)
def test_wrong_orders_store_nothing(order: Order, field: str, lead: User) -> None:
    with pytest.raises(WrongFields) as wrong:
        set_stop(user=lead, order=order)
    assert field in {item["field"] for item in wrong.value.errors}
    assert not Stop.objects.exists()
    assert entries("approvals.control.stopped") == []


def test_an_agent_is_stopped_and_seen_by_its_own_teams(agent: Agent, lead: User, outsider: User) -> None:
    with pytest.raises(WrongFields):
        stop(outsider, "agent", str(agent.id))
    stopped = stop(lead, "agent", str(agent.id))
    assert not Stop.objects.for_user(outsider).exists()
    with pytest.raises(NotVisible):
        request_lift(user=outsider, stop_id=stopped.id, reason="Why not", proof=fresh())
    assert Stop.objects.get().lift_requested_at is None


def test_each_step_is_on_the_record_and_told_to_pages(lead: User, lead2: User, senior: User) -> None:
    stopped = stop(lead)
    request_lift(user=senior, stop_id=stopped.id, reason="Fixed", proof=fresh())
    withdraw_lift_request(user=senior, stop_id=stopped.id)
    lift(stopped, senior, lead2)
    told = [
        "approvals.control.stopped",
        "approvals.control.lift_requested",
        "approvals.control.lift_withdrawn",
        "approvals.control.lift_requested",
        "approvals.control.lifted",
    ]
    recorded = Entry.objects.filter(object_type="control", object_id=str(stopped.id)).order_by("seq")
    assert [entry.action for entry in recorded] == told
    events = LiveEvent.objects.filter(object_type="control").order_by("pk")
    assert [(event.kind, event.revision) for event in events] == [(name, n + 1) for n, name in enumerate(told)]
