"""Rollbacks and settled outcomes: nothing wider than what was done, nothing that the connector contradicts."""

import pytest
from django.test import Client

from accounts.models import User
from approvals.errors import NotAllowed
from approvals.models import ActionStatus, PendingAction
from approvals.services.execute import claim_action, execute, finish
from approvals.services.reconcile import settle
from approvals.services.rollback import propose_rollback
from integrations.base import CallResult, Ending
from integrations.models import EstateEffect
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db


def test_a_rollback_keeps_to_the_host_of_the_original(proposed: Propose, analyst: User, analyst2: User) -> None:
    action = proposed("quarantine_file", "file", "C:\\a.exe", params={"host": "WS-1031"})
    vote(analyst, action)
    execute(action_id=action.id)
    restored = propose_rollback(user=analyst, action_id=action.id)
    vote(analyst2, restored)
    assert execute(action_id=restored.id) == "executed"
    again = propose_rollback(user=analyst, action_id=restored.id)
    assert (again.action_type, again.params) == ("quarantine_file", {"host": "WS-1031"})


def test_a_rollback_over_rest_takes_its_reason(client: Client, proposed: Propose, analyst: User) -> None:
    action = proposed()
    vote(analyst, action)
    execute(action_id=action.id)
    client.force_login(analyst, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/api/v1/actions/{action.id}/rollback"
    assert client.post(url, {"why": "x"}, content_type="application/json").status_code == 422
    made = client.post(url, {"reason": "The image was taken."}, content_type="application/json")
    assert (made.status_code, made.json()["reasoning"]) == (201, "The image was taken.")


def unknown(action: PendingAction, *, happened: bool) -> PendingAction:
    """Leave the action unknown, with or without its effect."""
    claim = claim_action(action_id=action.id)
    assert not isinstance(claim, str)
    if happened:
        claim.connector.perform(claim.request)
    finish(action_id=action.id, fence=claim.fence, result=CallResult(Ending.AMBIGUOUS, "No answer."))
    action.refresh_from_db()
    assert action.status == ActionStatus.UNKNOWN
    return action


def test_settling_as_failed_makes_the_connector_refuse_a_late_call(
    proposed: Propose, analyst: User, senior: User
) -> None:
    action = proposed()
    vote(analyst, action)
    unknown(action, happened=False)
    settled = settle(user=senior, action_id=action.id, happened=False, evidence="The console shows no isolation.")
    assert settled.status == ActionStatus.FAILED
    assert settled.blast_hold.counter.in_use == 0
    from approvals.services.execute import request_of
    from integrations.registry import connector_for

    connector = connector_for(action.action_type)
    assert connector is not None
    assert connector.perform(request_of(action)).ending is Ending.FAILED
    assert EstateEffect.objects.count() == 0


def test_an_effect_that_the_connector_shows_cannot_be_settled_as_failed(
    proposed: Propose, analyst: User, senior: User
) -> None:
    action = proposed()
    vote(analyst, action)
    unknown(action, happened=True)
    with pytest.raises(NotAllowed) as refused:
        settle(user=senior, action_id=action.id, happened=False, evidence="I think not.")
    assert refused.value.code == "contradicted"
    with pytest.raises(NotAllowed):
        settle(user=analyst, action_id=action.id, happened=True, evidence="Seen.")
    assert settle(user=senior, action_id=action.id, happened=True, evidence="Seen.").status == ActionStatus.EXECUTED
