"""The first morning: the alerts that just came in, and the 25 items that the agents ask people to decide."""

import datetime as dt
from collections import defaultdict
from uuid import UUID

from accounts.models import Agent
from approvals.clock import database_now
from approvals.models import PendingAction
from approvals.services.propose import Proposal, Proposer, propose
from incidents.models import Alert
from incidents.services.ingest import ingest
from soc.demo import cast
from soc.demo.asks import intrusion, others
from soc.demo.asks.ask import Ask
from soc.demo.past import raw_item
from soc.demo.payloads import elastic, mail, sigma, suricata, wazuh
from soc.demo.proposals import Facts, facts_of
from soc.demo.scene import FALSE, OPEN, TRUE, Item, Scene
from soc.demo.stories import Line, tell
from soc.demo.world import ELASTIC, MAIL, SERVERS, SIGMA, SURICATA, WAZUH, Server, at_desk

KEY = "demo-morning-"
ASKS = (*intrusion.ASKS, *others.ASKS)
#: name -> (line, workstation, server, number, minutes ago). One number is one attacker.
_ALERTS: dict[str, tuple[Line, str, str, int, int]] = {
    "mail": (Line(MAIL, mail.macro_attachment, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 58),
    "macro": (Line(ELASTIC, elastic.office_starts_shell, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 51),
    "beacon": (Line(SURICATA, suricata.beacon, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 48),
    "lsass": (Line(SIGMA, sigma.lsass_read, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 33),
    "service": (Line(WAZUH, wazuh.service_on_server, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 21),
    "upload": (Line(ELASTIC, elastic.upload, TRUE), "WS-1007", "SRV-FILE-01", 70_311, 6),
    "credentials": (Line(MAIL, mail.credential_page, TRUE), "WS-1018", "SRV-MAIL-01", 70_452, 27),
    "brute": (Line(WAZUH, wazuh.outside_brute_force, TRUE), "WS-1023", "SRV-JUMP-01", 70_588, 19),
    "malware": (Line(ELASTIC, elastic.quarantined, TRUE), "WS-1021", "SRV-FILE-01", 70_604, 17),
    "probe": (Line(SURICATA, suricata.web_probe, OPEN), "WS-1001", "SRV-WEB-01", 70_733, 12),
    "shadow": (Line(SIGMA, sigma.shadow_copies, TRUE), "WS-1012", "SRV-FILE-01", 70_871, 9),
    "hour": (Line(ELASTIC, elastic.unusual_hour, OPEN), "WS-1026", "SRV-FILE-01", 70_902, 41),
    "sweep": (Line(SURICATA, suricata.port_sweep, FALSE), "WS-1001", "SRV-WEB-01", 70_940, 8),
    "injected": (Line(MAIL, mail.injected, OPEN), "WS-1014", "SRV-MAIL-01", 70_977, 14),
}


def seed_morning() -> int:
    """Deliver the alerts and make the proposals that are missing; return how many were made."""
    made = set(PendingAction.objects.filter(idempotency_key__startswith=KEY).values_list("idempotency_key", flat=True))
    missing = {index: ask for index, ask in enumerate(ASKS) if _key(index) not in made}
    if not missing:
        return 0
    facts = {name: facts_of(alert) for name, alert in _deliver().items()}
    agents = cast.agents()
    for index, ask in missing.items():
        _ask(agents[ask.agent], ask, facts[ask.alert], _key(index))
    return len(missing)


def _key(index: int) -> str:
    return f"{KEY}{index:02d}"


def _deliver() -> dict[str, Alert]:
    """Ingest the morning's alerts, a batch a source; the worker triages them like any others."""
    now = database_now()
    by_source: dict[str, list[tuple[str, Item]]] = defaultdict(list)
    for name, (line, desk, server, number, minutes) in _ALERTS.items():
        scene = Scene(now - dt.timedelta(minutes=minutes), at_desk(desk), _server(server), number)
        by_source[line.source].append((name, tell(line, scene)))
    sources, ids = cast.sources(), dict[str, UUID]()
    for source, named in by_source.items():
        result = ingest(source=sources[source], items=[raw_item(index, item) for index, (_, item) in enumerate(named)])
        ids.update(zip((name for name, _ in named), result.ids, strict=True))
    alerts = Alert.objects.select_related("source").in_bulk(ids.values())
    return {name: alerts[alert_id] for name, alert_id in ids.items()}


def _server(name: str) -> Server:
    return next(server for server in SERVERS if server.name == name)


def _ask(agent: Agent, ask: Ask, facts: Facts, key: str) -> None:
    alert = facts.alert
    evidence = [{"claim": alert.title, "source": f"alert of {alert.source.name}", "ref": str(alert.id)}]
    evidence += [{"claim": claim, "source": source, "ref": ref} for claim, source, ref in ask.evidence]
    propose(
        proposer=Proposer(team=agent.team, agent=agent),
        proposal=Proposal(
            action_type=ask.action_type,
            target_type=ask.kind,
            target_value=getattr(facts, ask.target, ask.target),
            params=ask.params,
            reasoning=ask.why,
            confidence=ask.confidence,
            evidence=evidence,
            rollback_plan=ask.undo,
            alert_id=alert.id,
            idempotency_key=key,
        ),
    )
