"""F14 and F17: executors killed or paused at every point of an execution; effects stay at most one."""

import os
import signal
import subprocess
import sys
import time

import pytest

from accounts.models import User
from approvals.models import ActionStatus, Attempt, PendingAction
from approvals.services.execute import claim_action, finish
from approvals.services.reconcile import reap_leases
from approvals.sweeps import execute_due
from integrations import kill_points
from integrations.base import Ending
from integrations.models import EstateEffect
from tests.proposals import Propose, vote

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
#: The long form: COUNTERSIGN_KILL_ROUNDS=5.
ROUNDS = int(os.environ.get("COUNTERSIGN_KILL_ROUNDS", "1"))
LEASE_SECONDS = 1
ENDINGS = {ActionStatus.EXECUTED, ActionStatus.FAILED, ActionStatus.UNKNOWN}
#: What must be true at the end: the points before the call leave nothing behind, those after it leave the effect.
EFFECTS = {
    "before_claim": 1,  # never claimed: the sweeper executes it
    "in_claim": 1,  # the claim rolled back: as above
    "after_claim": 0,  # dispatching, never called: the look-up seals the key, so it has failed
    "in_effect": 0,  # the estate's own transaction rolled back
    "after_effect": 1,
    "in_record": 1,
    "after_record": 1,
}


def run_executor(action: PendingAction, env: dict[str, str], point: str) -> int:
    """Run a bare executor to its end; return its exit code (-9: killed)."""
    command = [sys.executable, "-m", "tests.chaos.executor", str(action.id)]
    chosen = {**env, "COUNTERSIGN_KILL_POINT": point, "COUNTERSIGN_EXECUTION_LEASE_SECONDS": str(LEASE_SECONDS)}
    return subprocess.run(command, env=chosen, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("point", kill_points.POINTS)
def test_a_killed_executor_leaves_at_most_one_effect_and_a_named_end(
    point: str, round_: int, analyst: User, proposed: Propose, service_env: dict[str, str]
) -> None:
    action = proposed()
    vote(analyst, action)
    assert run_executor(action, service_env, point) == -signal.SIGKILL
    time.sleep(LEASE_SECONDS + 0.2)
    reap_leases()
    execute_due()
    action.refresh_from_db()
    assert action.status in ENDINGS
    assert EstateEffect.objects.filter(key=str(action.id)).count() == EFFECTS[point]
    assert action.status == (ActionStatus.EXECUTED if EFFECTS[point] else ActionStatus.FAILED)
    assert Attempt.objects.filter(action=action, state="dispatching").count() == 0


def test_a_worker_paused_past_its_lease_causes_no_second_effect_and_no_stale_result(
    analyst: User, proposed: Propose, settings: object
) -> None:
    settings.EXECUTION_LEASE_SECONDS = 1  # type: ignore[attr-defined]
    action = proposed()
    vote(analyst, action)
    claim = claim_action(action_id=action.id)
    assert not isinstance(claim, str)
    time.sleep(1.2)  # the lease runs on the database's clock
    assert reap_leases() == 1
    late = claim.connector.perform(claim.request)
    assert late.ending is Ending.FAILED
    assert finish(action_id=action.id, fence=claim.fence, result=late) == "failed"
    assert EstateEffect.objects.filter(key=str(action.id)).count() == 0
    outcome = PendingAction.objects.get(pk=action.pk).outcome
    assert outcome is not None
    assert outcome["words"].startswith("The executor was lost")


def test_the_same_task_delivered_six_times_at_once_dispatches_once(
    analyst: User, proposed: Propose, service_env: dict[str, str]
) -> None:
    action = proposed()
    vote(analyst, action)
    command = [sys.executable, "-m", "tests.chaos.executor", str(action.id)]
    running = [subprocess.Popen(command, env=service_env, stdout=subprocess.PIPE) for _ in range(6)]
    answers = sorted(process.communicate(timeout=60)[0].decode() for process in running)
    assert answers.count("executed") == 1
    assert EstateEffect.objects.filter(key=str(action.id)).count() == 1


def test_a_message_about_an_action_without_a_quorum_has_no_effect(proposed: Propose) -> None:
    action = proposed("wipe_endpoint", "host", "WS-1032")
    for _ in range(20):
        assert isinstance(claim_action(action_id=action.id), str)
    assert EstateEffect.objects.count() == 0
