import datetime as dt, json, threading, uuid, socket, time
import psycopg, pytest
from django.db import connection, connections
from django.test import Client
from accounts.models import Role, Scope
from accounts.services import *
from approvals.models import *
from approvals.errors import *
from approvals.services.execute import claim_action, execute, finish
from approvals.services.propose import Proposal, Proposer, propose
from approvals.services.expire import proceed_due, expire_due
from tests.proposals import vote, proposed
from tests.cast import person, PASSWORD
from tests.databases import database_url, own_name
from tests.servers import web_server, session_cookie
from integrations.models import *
pytestmark = pytest.mark.django_db(transaction=True)
def mk(agent, t, kind, v, **k):
    return propose(proposer=Proposer(team=agent.team, agent=agent), proposal=Proposal(action_type=t, target_type=kind, target_value=v, **k))
def bg(f):
    out={}
    def run():
        try: out["r"]=f()
        except BaseException as e: out["r"]=e
        finally: connections.close_all()
    t=threading.Thread(target=run); t.start(); return t,out

@pytest.mark.parametrize("what", ["role","team","active","person"])
def test_revoke_open_then_claim(agent, estate, senior, lead, what):
    a = mk(agent,"wipe_endpoint","host","WS-1031"); vote(senior,a); vote(lead,a)
    with psycopg.connect(database_url(own_name(),"COUNTERSIGN_DATABASE_URL")) as c:
        c.execute({"role":"update accounts_rolegrant set revoked_at=now() where user_id=%s","team":"delete from guardian_userobjectpermission where user_id=%s","active":"update accounts_user set is_active=false where id=%s","person":"update accounts_user set person_id=gen_random_uuid() where id=%s"}[what],[senior.id])
        t,o = bg(lambda: execute(action_id=a.id)); time.sleep(.4); print("alive while uncommitted:", t.is_alive()); c.commit()
    t.join(10); a.refresh_from_db(); print(what, o, a.status); assert a.status=="pending"

def test_regrant_during(agent, estate, senior, lead):
    """claim first, revocation waits"""
    from django.db import transaction
    a = mk(agent,"wipe_endpoint","host","WS-1031"); vote(senior,a); vote(lead,a)
    with transaction.atomic():
        claim_action(action_id=a.id)
        t,o = bg(lambda: revoke_role(user=senior, role=Role.SENIOR_ANALYST, reason="x")); time.sleep(.4); print("revoke waits:", t.is_alive())
    t.join(); print(o)

def test_sweep_one_bad_row(agent, estate):
    PolicyVersion.objects.filter(is_current=True).update(is_current=False)
    v = PolicyVersion.objects.create(version=2, summary="x", published_by="x", is_current=True)
    PolicyRule.objects.create(version=v, action_type="isolate_host", level="recommended", slots=[{"role":"analyst","roles":["analyst"]}], deadline_seconds=1, at_deadline="proceed", expires_seconds=3600)
    PolicyRule.objects.create(version=v, action_type="block_ip", level="optional", slots=[{"role":"analyst","roles":["analyst"]}], deadline_seconds=1, at_deadline="proceed", expires_seconds=3600)
    PolicyRule.objects.create(version=v, action_type="wipe_endpoint", level="dual_required", slots=[{"role":"analyst","roles":["analyst"]}], deadline_seconds=1, at_deadline="page_on_call", expires_seconds=3600)
    ids=[mk(agent,"isolate_host","host","WS-1031").id] + [mk(agent,"block_ip","ip",f"198.51.100.{i}").id for i in range(1,7)]
    time.sleep(1.2)
    for i in range(3):
        try: print(proceed_due())
        except Exception as e: print("EXC", type(e).__name__, str(e)[:60])
    print(sorted(PendingAction.objects.values_list("status","action_type")))
    w = mk(agent,"wipe_endpoint","host","WS-1032"); print("dual with one slot:", w.approval_level, w.slots.count(), w.status)
    assert not PendingAction.objects.filter(action_type="block_ip",status="pending").exists()

def test_server(agent, estate, lead, senior, service_env, other_team):
    _, t = issue_token(owner=agent, scopes=list(Scope.values), expires_in=dt.timedelta(days=1))
    other = create_agent(name="other", team=other_team); same = create_agent(name="same", team=agent.team)
    _, t2 = issue_token(owner=other, scopes=list(Scope.values), expires_in=dt.timedelta(days=1))
    _, t3 = issue_token(owner=same, scopes=list(Scope.values), expires_in=dt.timedelta(days=1))
    with web_server(service_env) as s:
        def raw(method, path, headers=b"", body=b"", length=True):
            k=socket.create_connection(("127.0.0.1",s.port),10); k.settimeout(15)
            h=method+b" "+path+b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"+headers
            if length: h+=b"Content-Length: %d\r\n"%len(body)
            k.sendall(h+b"\r\n"+body); d=b""
            try:
                while (x:=k.recv(65536)): d+=x
            except Exception as e: d+=repr(e).encode()
            head,_,b=d.partition(b"\r\n\r\n"); ct=[l for l in head.split(b"\r\n") if l.lower().startswith(b"content-type")]
            return head.split(b"\r\n")[0], ct, b[:110]
        A=b"Authorization: Bearer "+t.encode()+b"\r\n"
        J=b"Content-Type: application/json\r\n"
        B=b'{"type":"block_ip","target":{"type":"ip","value":"198.51.100.7"}}'
        P=b"/api/v1/actions"
        for name,r in {
          "bad token bytes": raw(b"GET",P,b"Authorization: Bearer \xff\xfe\r\n"),
          "empty auth": raw(b"GET",P,b"Authorization: \r\n"), "basic": raw(b"GET",P,b"Authorization: Basic x\r\n"),
          "key bytes": raw(b"POST",P,A+J+b"Idempotency-Key: \xff\xe9\r\n",B),
          "key space": raw(b"POST",P,A+J+b"Idempotency-Key:  \r\n",B),
          "text ct": raw(b"POST",P,A+b"Content-Type: text/plain\r\n",B.replace(b".7",b".8")),
          "form ct": raw(b"POST",P,A+b"Content-Type: application/x-www-form-urlencoded\r\n",b"type=a"),
          "multipart": raw(b"POST",P,A+b"Content-Type: multipart/form-data; boundary=x\r\n",b"--x--"),
          "charset": raw(b"POST",P,A+b"Content-Type: application/json; charset=utf-16\r\n",B.decode().encode("utf-16")),
          "charset bogus": raw(b"POST",P,A+b"Content-Type: application/json; charset=bogus\r\n",B.replace(b".7",b".9")),
          "bom": raw(b"POST",P,A+J,b"\xef\xbb\xbf"+B),
          "PUT": raw(b"PUT",P,A), "DELETE": raw(b"DELETE",P,A), "HEAD": raw(b"HEAD",P,A), "OPTIONS": raw(b"OPTIONS",P,A),
          "BREW": raw(b"BREW",P,A),
          "bad path": raw(b"GET",b"/api/v1/actions/%00",A), "bad path2": raw(b"GET",b"/api/v1/actions/%ff",A),"slash": raw(b"POST",P+b"/",A+J,B),
          "nul type": raw(b"GET",P+b"?type=%00",A), "hb other": raw(b"POST",b"/api/v1/agents/other/heartbeat",A+J,b'{}'),
          "hb nul": raw(b"POST",b"/api/v1/agents/a%00b/heartbeat",A+J,b'{}'),
          "hb bad": raw(b"POST",b"/api/v1/agents/responder/heartbeat",A+J,b'{"status":"\\u0001","version":"'+b"x"*300+b'"}'),
          "metrics": raw(b"GET",b"/api/v1/metrics?from=0001-01-01&to=9999-12-31",A), "metrics nul": raw(b"GET",b"/api/v1/metrics?team=%00",A),"metrics2": raw(b"GET",b"/api/v1/metrics?from=9999-12-31T23:59:59Z&to=0001-01-01T00:00:00Z",A),"metrics tz": raw(b"GET",b"/api/v1/metrics?from=2026-11-01&to=2026-11-02T00:00:00",A),
          "alerts q nul": raw(b"GET",b"/api/v1/alerts?q=%00",A), "alerts q weird": raw(b"GET",b"/api/v1/alerts?q=severity:%22%27(((%20OR%20-",A),"alerts q entity": raw(b"GET",b"/api/v1/alerts?q=ip:%00%20host:*%20is:x%20after:9999-99-99",A),
          "alerts id": raw(b"GET",b"/api/v1/alerts/%00",A), "openapi": raw(b"GET",b"/api/v1/openapi.json"),
          "host": raw(b"GET",P,A+b"X-Forwarded-Host: evil\r\n"),
          "reuse": raw(b"POST",P,b"Authorization: Bearer "+t3.encode()+b"\r\n"+J+b"Idempotency-Key: K\r\n",B.replace(b".7",b".31")),
          "reuse same team other agent": raw(b"POST",P,A+J+b"Idempotency-Key: K\r\n",B.replace(b".7",b".32")),
          "cancel by same-team other": None, "login nul": raw(b"POST",b"/accounts/login/",b"Content-Type: application/x-www-form-urlencoded\r\nCookie: csrftoken="+b"a"*32+b"\r\n",b"login=%00&password=%00&csrfmiddlewaretoken="+b"a"*32),
          "cookie nul": raw(b"GET",b"/queue/",b"Cookie: sessionid=\x01%00\xff\r\n"), "cookie nul api": raw(b"GET",P,b"Cookie: sessionid="+b"x"*5000+b"\r\n"),
          "since": raw(b"GET",b"/live/since/?id=99999999999999999999999999",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
          "queue nul": raw(b"GET",b"/queue/?q=%00&level=%00&tab=%00",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
          "audit nul": raw(b"GET",b"/audit/?q=%00&from=%00&cursor=%00&action=%00&actor=%00",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
          "alerts nul": raw(b"GET",b"/alerts/?q=%00&cursor=x",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
          "estate nul": raw(b"GET",b"/estate/?q=%00&show=%00",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
          "metrics page nul": raw(b"GET",b"/metrics/?team=%00&from=%00&to=9999999",b"Cookie: "+session_cookie(lead).encode()+b"\r\n"),
        }.items(): print(name, r)
        a=mk(agent,"block_ip","ip","198.51.100.99")
        for who,tt in (("same team",t3),("other team",t2)):
            H=b"Authorization: Bearer "+tt.encode()+b"\r\n"+J
            for u in (b"/cancel",b"/decisions",b"/rollback"): print(who,u,raw(b"POST",P+b"/"+str(a.id).encode()+u,H,b"{}")[0])
        print([l for l in s.log().splitlines() if "Error" in l][:12])
        r=raw(b"GET",P+b"/"+str(a.id).encode()+b"?wait=2",A); print("wait", r[0])
        # 60 waiters then latency of healthz
        ts=[threading.Thread(target=lambda: raw(b"GET",P+b"/"+str(a.id).encode()+b"?wait=6",A)) for _ in range(60)]
        [x.start() for x in ts]; time.sleep(1.5); t0=time.time(); print("queue with 60 waiters", raw(b"GET",b"/queue/",b"Cookie: "+session_cookie(lead).encode()+b"\r\n")[0], time.time()-t0)
        [x.join() for x in ts]

def test_fixation_csrf(agent, estate, lead):
    c = Client(enforce_csrf_checks=True); c.get("/accounts/login/"); pre=c.cookies.get("sessionid"); k=c.cookies["csrftoken"].value
    c.cookies["sessionid"]="a"*32
    r=c.post("/accounts/login/",{"login":"lead","password":PASSWORD,"csrfmiddlewaretoken":k}); print(r.status_code, c.cookies["sessionid"].value!="a"*32, c.cookies["csrftoken"].value!=k, dict(c.cookies["sessionid"]))
    a=mk(agent,"isolate_host","host","WS-1031"); u=f"/api/v1/actions/{a.id}/decisions"
    b=json.dumps({"decision":"approve","digest":a.digest})
    print(c.post(u,b,content_type="application/json").status_code, c.post(u,b,content_type="application/json",headers={"X-CSRFToken":"x"*64}).status_code, c.post(u,b,content_type="text/plain",headers={"Origin":"http://evil","X-CSRFToken":c.cookies["csrftoken"].value}).status_code)
    print(c.post(f"/actions/{a.id}/decide/",{"decision":"approve"}).status_code, c.post(f"/api/v1/actions/{a.id}/rollback",b,content_type="application/json").status_code)
    print(c.post(u,b,content_type="application/json",headers={"X-CSRFToken":c.cookies["csrftoken"].value}).status_code)
    deactivate_person(user=lead, reason="x"); print("after deactivation", c.get("/queue/").status_code, c.get("/api/v1/actions").status_code)

def test_step_up_window(agent, estate, lead):
    pass
