"""The walk through an action's life, by services, on the simulated estate."""

import pytest

from accounts.models import User
from approvals.errors import NotAllowed
from approvals.models import PendingAction
from approvals.services.execute import execute
from approvals.services.rollback import propose_rollback
from integrations.models import EstateEffect, EstateHost
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db


def test_a_recommended_action_runs_after_one_analyst(proposed: Propose, analyst: User) -> None:
    action = proposed()
    assert (action.status, action.approval_level) == ("pending", "recommended")
    assert vote(analyst, action).status == "approved"
    assert execute(action_id=action.id) == "executed"
    assert EstateHost.objects.get(name="WS-1031").is_isolated
    assert EstateEffect.objects.filter(key=str(action.id)).count() == 1


def test_a_dual_action_needs_two_people_in_two_slots(proposed: Propose, senior: User, lead: User) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    assert action.approval_level == "dual_required"
    assert [slot.role for slot in action.slots.all()] == ["senior_analyst", "soc_lead"]
    assert vote(senior, action).status == "pending"
    assert execute(action_id=action.id) == "not claimed: pending"
    assert vote(lead, action).status == "approved"
    assert execute(action_id=action.id) == "executed"


def test_one_person_with_both_roles_fills_one_slot_only(proposed: Propose, lead: User, lead2: User) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    assert vote(lead, action).status == "pending"
    with pytest.raises(NotAllowed) as refused:
        vote(lead, action)
    assert refused.value.code == "already_decided"
    assert PendingAction.objects.get(pk=action.pk).status == "pending"
    assert vote(lead2, action).status == "approved"


def test_an_action_of_level_none_proceeds_by_a_policy_row(proposed: Propose) -> None:
    action = proposed("whois_lookup", "ip", "203.0.113.7")
    assert action.status == "approved"
    assert action.proceeding.policy_version_id == 1
    assert execute(action_id=action.id) == "executed"


def test_a_rollback_is_a_new_action_that_frees_the_cap(proposed: Propose, analyst: User, analyst2: User) -> None:
    action = proposed()
    vote(analyst, action)
    execute(action_id=action.id)
    hold = PendingAction.objects.get(pk=action.pk).blast_hold
    assert hold.counter.in_use == 1
    rollback = propose_rollback(user=analyst, action_id=action.id)
    assert (rollback.action_type, rollback.rollback_of_id) == ("release_host", action.id)
    with pytest.raises(NotAllowed) as refused:
        vote(analyst, rollback)
    assert refused.value.code == "own_proposal"
    vote(analyst2, rollback)
    assert execute(action_id=rollback.id) == "executed"
    hold.counter.refresh_from_db()
    assert hold.counter.in_use == 0
    assert not EstateHost.objects.get(name="WS-1031").is_isolated
