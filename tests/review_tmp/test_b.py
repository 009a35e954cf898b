import datetime as dt, json, threading, uuid
import pytest
from django.db import connection, connections
from accounts.models import Role
from accounts.services import *
from approvals.models import *
from approvals.errors import *
from approvals.services.execute import claim_action, execute, finish
from approvals.services.rollback import propose_rollback
from approvals.services.propose import Proposal, Proposer, propose
from approvals.services.cancel import cancel
from approvals.services.expire import proceed_due, expire_due
from tests.proposals import vote, proposed
from tests.cast import person
from integrations.models import *
pytestmark = pytest.mark.django_db(transaction=True)

def race(*fs):
    bar = threading.Barrier(len(fs)); out = [None]*len(fs)
    def run(i, f):
        try:
            bar.wait(); out[i] = f()
        except BaseException as e: out[i] = e
        finally: connections.close_all()
    ts = [threading.Thread(target=run, args=(i,f)) for i,f in enumerate(fs)]
    [t.start() for t in ts]; [t.join() for t in ts]
    return out

def mk(agent, t, kind, v, **k):
    return lambda: propose(proposer=Proposer(team=agent.team, agent=agent), proposal=Proposal(action_type=t, target_type=kind, target_value=v, **k))

def test_hourly_cap(agent, estate):
    for i in range(98): mk(agent,"block_ip","ip",f"203.0.113.{i+1}")()
    out = race(*[mk(agent,"block_ip","ip",f"198.51.100.{i+1}") for i in range(20)])
    ok = [a for a in out if getattr(a,"status","")=="pending"]
    print("accepted over 98:", len(ok), [type(o).__name__ for o in out if isinstance(o, Exception)])
    assert len(ok) <= 2

def test_open_cap(agent, estate, settings):
    settings.AGENT_OPEN_ACTIONS = 5
    out = race(*[mk(agent,"block_ip","ip",f"198.51.100.{i+1}") for i in range(20)])
    ok = [a for a in out if getattr(a,"status","")=="pending"]; print("accepted:", len(ok)); assert len(ok) <= 5

def test_same_key(agent, estate):
    for k in range(5):
        out = race(*[mk(agent,"block_ip","ip",f"198.51.100.{k+1}", idempotency_key=f"k{k}", request_sha256="a") for i in range(8)])
        print({str(getattr(o,"id",o)) for o in out}, {getattr(o,"status",None) for o in out})
        assert len({o.id for o in out})==1 and {o.status for o in out}=={"pending"}
    out = race(*[mk(agent,"block_ip","ip",f"198.51.100.{50+i}", idempotency_key=f"q", request_sha256=str(i)) for i in range(8)])
    print([type(o).__name__ for o in out])

def test_blast_cap(agent, estate, analyst, team):
    acts = [mk(agent,"isolate_host","host",f"WS-{n}")() for n in range(1031,1041)]
    for a in acts: vote(analyst,a)
    out = race(*[(lambda a=a: execute(action_id=a.id)) for a in acts]); print(sorted(map(str,out)))
    c = BlastCounter.objects.get(); w = EstateHost.objects.filter(is_isolated=True).count(); print(c.in_use, w); assert c.in_use==w==5

@pytest.mark.parametrize("n", range(6))
def test_revoke_vs_claim(agent, estate, senior, lead, n):
    a = mk(agent,"wipe_endpoint","host","WS-1031")(); vote(senior,a); vote(lead,a)
    out = race(lambda: execute(action_id=a.id), lambda: revoke_role(user=senior, role=Role.SENIOR_ANALYST, reason="x"), lambda: remove_from_team(user=lead, team=agent.team, reason="x") if n%2 else deactivate_person(user=lead, reason="x"))
    a.refresh_from_db(); print(out, a.status)
    assert not any(isinstance(o, Exception) for o in out)

@pytest.mark.parametrize("n", range(6))
def test_decide_cancel_expire(agent, estate, analyst, analyst2, n):
    a = mk(agent,"isolate_host","host","WS-1031")()
    out = race(lambda: vote(analyst,a), lambda: vote(analyst2,a,decision="reject",reason_code="other"), lambda: cancel(agent=agent, action_id=a.id), lambda: execute(action_id=a.id))
    a.refresh_from_db(); print([getattr(o,"status",None) or type(o).__name__+str(o)[:60] for o in out], a.status, Decision.objects.filter(action=a).count())
    assert not any(isinstance(o, Exception) and not isinstance(o,(MovedOn,NotAllowed)) for o in out)

def test_double_rollback(agent, estate, analyst, lead, lead2, senior):
    a = mk(agent,"isolate_host","host","WS-1031")(); vote(analyst,a); execute(action_id=a.id)
    out = race(*[(lambda u=u: propose_rollback(user=u, action_id=a.id)) for u in (lead,lead2,senior,lead)])
    print([(getattr(o,"status",None) or repr(o)) for o in out])
    assert sum(getattr(o,"status",None)=="pending" for o in out)==1

def test_settle_race(agent, estate, analyst, senior, senior2):
    from approvals.services.reconcile import settle
    from integrations.base import CallResult, Ending
    a = mk(agent,"isolate_host","host","WS-1031")(); vote(analyst,a); c = claim_action(action_id=a.id)
    finish(action_id=a.id, fence=c.fence, result=CallResult(Ending.AMBIGUOUS,"?",{}))
    b = mk(agent,"isolate_host","host","WS-1031")(); print("second isolate while first unknown:", b.status)
    out = race(lambda: settle(user=senior, action_id=a.id, happened=True, evidence="x"), lambda: settle(user=senior2, action_id=a.id, happened=False, evidence="x"))
    a.refresh_from_db(); print([getattr(o,"status",None) or repr(o) for o in out], a.status, BlastCounter.objects.get().in_use)

def test_late_call_after_settled_failed(agent, estate, analyst, senior):
    """lease reaped with DB error -> unknown; a person settles 'did not happen'; then the paused worker wakes and performs."""
    from approvals.services.reconcile import settle, reap_leases, _BY_PRESENCE
    from approvals.services.execute import end
    from integrations.base import Presence
    from django.db import transaction
    a = mk(agent,"isolate_host","host","WS-1031")(); vote(analyst,a); c = claim_action(action_id=a.id)
    with transaction.atomic():
        x = PendingAction.objects.locked(a.pk); from audit.actors import SYSTEM; end(x, _BY_PRESENCE[Presence.UNKNOWN], actor=SYSTEM)
    settle(user=senior, action_id=a.id, happened=False, evidence="looked")
    r = c.connector.perform(c.request); print("late perform:", r); print(finish(action_id=a.id, fence=c.fence, result=r))
    print("COUNTER", BlastCounter.objects.get().in_use, "WORLD", EstateHost.objects.filter(is_isolated=True).count())
    assert not EstateHost.objects.filter(is_isolated=True).exists()

def test_rereg_deadlocks(agent, estate, senior, lead, senior2, lead2):
    for n in range(8):
        acts=[mk(agent,"wipe_endpoint","host",f"WS-{1031+i}")() for i in range(3)]
        fs=[]
        for a in acts:
            for u in (senior,lead,senior2,lead2): fs.append(lambda a=a,u=u: vote(u,a))
        out = race(*fs)
        bad=[o for o in out if isinstance(o,Exception) and not isinstance(o,(MovedOn,NotAllowed))]
        assert not bad, bad
        race(*[(lambda a=a: execute(action_id=a.id)) for a in acts])
        EstateHost.objects.update(is_wiped=False)
        assert set(PendingAction.objects.filter(pk__in=[a.pk for a in acts]).values_list("status",flat=True))=={"executed"}
