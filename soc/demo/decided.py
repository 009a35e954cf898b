"""Two weeks of decided actions: who agreed, who did not, what ran, what was taken back, what nobody got round to."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.models import Agent, User
from approvals.catalogue import get
from approvals.clock import database_now
from approvals.models import Decision, PendingAction, PolicyProceeding
from approvals.services.propose import Proposal, Proposer
from audit.context import RequestContext, bound
from incidents.models import Alert
from soc.demo import cast
from soc.demo.ledger import Judged, Ledger, Voice
from soc.demo.owner import as_owner, guards_aside
from soc.demo.past import move_kept_back
from soc.demo.proposals import IDEAS, Facts, ideas_for, make
from soc.demo.world import SCANNER

_ANALYSTS = ("analyst", "analyst", "analyst2", "analyst2", "senior", "oncall", "senior2")
_SENIORS = ("senior", "senior2", "oncall", "senior", "lead")
_LEADS = ("lead", "lead2")
_AGENT_OF = {
    "collect_memory": "demo-hunter",
    "collect_files": "demo-hunter",
    "reset_password": "demo-phishing",
    "block_domain": "demo-phishing",
    "whois_lookup": "demo-triage",
    "reputation_check": "demo-triage",
    "block_hash": "demo-triage",
}
#: What is certain to have happened and to be in force: the account that the morning's injected mail asks to enable
#: again, and one isolation.
_IN_FORCE = frozenset({("disable_user", "pa.castell"), ("isolate_host", "WS-1019")})
_APPROVALS = (
    "Checked the process tree; it is as the agent says.",
    "Spoke to the owner by telephone, they know.",
    "Confirmed in the proxy log. Go ahead.",
    "Same pattern as last week. The owner is informed.",
    "The evidence holds; nothing else depends on the target.",
)
_REJECTIONS = (
    ("wrong_verdict", "This is the software deployment of Tuesday, not an intrusion."),
    ("wrong_target", "The address belongs to our own guest network's exit."),
    ("too_risky_now", "Month-end closing runs until six; ask again after it."),
    ("insufficient_evidence", "One alert alone is thin. Show me the parent process."),
    ("too_broad", "Block the one address, not the name: partners use it."),
    ("duplicate", "Already handled under the other alert."),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one action ends: `voices` in order, and whether it runs (and perhaps fails) at `decided_at`."""

    ending: str
    at: dt.datetime
    voices: tuple[Voice, ...] = ()
    fails: bool = False


@dataclass(slots=True)
class _Story:
    """The state of the telling."""

    now: dt.datetime
    chance: random.Random
    ledger: Ledger
    people: dict[str, User]
    agents: dict[str, Agent]
    #: (type, target) that occurred: each once, so that no effect stands on another's feet.
    taken: set[tuple[str, str]]
    written: list[PendingAction] = field(default_factory=list)
    #: Endings that chance alone might leave out.
    owed: list[str] = field(default_factory=lambda: ["rejected", "failed", "cancelled", "expired"])


def write_decided() -> str:
    """Write the decided past as the owner; does nothing on a record that holds decisions already."""
    if Decision.objects.exists() or PolicyProceeding.objects.exists():
        return "none: decisions are on the record already"
    with as_owner() as is_owner:
        if not is_owner:
            return "none: it needs COUNTERSIGN_DATABASE_OWNER_URL, because only the owner can date decisions back"
        with bound(RequestContext(auth_method="demo history")), guards_aside():
            move_kept_back()
            story = _new_story()
            for alert in _alerts(story.now):
                _tell(story, alert)
            _tell_refusals(story)
            entries = story.ledger.append_entries()
    return f"{len(story.written)} actions, {entries} audit entries"


def _new_story() -> _Story:
    chance = random.Random(58)  # noqa: S311 - a story, the same each time
    taken = set(PendingAction.objects.values_list("action_type", "target_value"))
    return _Story(database_now(), chance, Ledger(chance), cast.people(), cast.agents(), taken)


def _alerts(now: dt.datetime) -> Iterator[Alert]:
    """Yield the past's alerts that agents act on, oldest first."""
    rows = Alert.objects.filter(
        source__name__in=cast.sources(), detection_id__in=IDEAS, received_at__lt=now - dt.timedelta(hours=1)
    )
    yield from rows.select_related("source").order_by("received_at", "id")


def _tell(story: _Story, alert: Alert) -> None:
    """One to three proposals about an alert, and what became of each."""
    ideas = ideas_for(alert)
    some = ideas[: story.chance.choice((1, 1, 2, 2, 3, 4))]
    at = (alert.triaged_at or alert.received_at) + dt.timedelta(seconds=story.chance.uniform(8, 90))
    for proposal in ideas:
        key = _key(proposal)
        if key not in story.taken and (proposal in some or key in _IN_FORCE):
            story.taken.add(key)
            _tell_one(story, proposal, at)
            at += dt.timedelta(seconds=story.chance.uniform(20, 150))


def _tell_one(story: _Story, proposal: Proposal, at: dt.datetime) -> None:
    agent = story.agents[agent_for(proposal.action_type)]
    judged = story.ledger.judge(Proposer(team=agent.team, agent=agent), proposal)
    plan = _plan(story, judged, at)
    if plan.at > story.now - dt.timedelta(minutes=10):
        return
    action = story.ledger.propose(judged, at)
    story.written.append(action)
    if action.status == "refused":
        return
    ended_at = _carry_out(story, action, plan)
    if action.status == "executed" and _is_taken_back(story, action):
        _take_back(story, action, ended_at)


def _key(proposal: Proposal) -> tuple[str, str]:
    return proposal.action_type, proposal.target_value


def agent_for(action_type: str) -> str:
    """Return the name of the agent that proposes this type."""
    return _AGENT_OF.get(action_type, "demo-responder")


def _plan(story: _Story, judged: Judged, at: dt.datetime) -> _Plan:
    """Decide how it ends, before anything is written: what would end in the future is not told."""
    rule, draw = judged.rule, story.chance.random()
    if rule.level == "none":
        return _Plan("proceeds", at)
    deadline = at + dt.timedelta(seconds=rule.deadline_seconds or 0)
    expiry = at + dt.timedelta(seconds=rule.expires_seconds + story.chance.uniform(0.2, 1.1))
    if rule.level == "optional" and draw < 0.4:
        return _Plan("proceeds", deadline + dt.timedelta(seconds=story.chance.uniform(0.1, 1.2)))
    if rule.level == "dual_required":
        return _dual(story, at, expiry, draw)
    return _single(story, rule.level, at, expiry, _ending(story, judged, draw))


def _single(story: _Story, level: str, at: dt.datetime, expiry: dt.datetime, ending: str) -> _Plan:
    if ending == "expired":
        return _Plan(ending, expiry)
    if ending == "cancelled":
        return _Plan(ending, at + dt.timedelta(minutes=story.chance.uniform(1, 9)))
    names = _SENIORS if level == "required" else _ANALYSTS
    voter, voted_at = story.people[story.chance.choice(names)], at + _wait(story, level)
    if ending == "rejected":
        return _Plan(ending, voted_at, (_against(story, voter, voted_at),))
    return _Plan("approved", voted_at, (_for(story, voter, voted_at, level),), fails=ending == "failed")


def _ending(story: _Story, judged: Judged, draw: float) -> str:
    """Return expired, cancelled, rejected, failed or approved, by chance where nothing is certain or owed."""
    if _key(judged.proposal) in _IN_FORCE:
        return "approved"
    is_optional = judged.rule.level == "optional"
    if story.owed and not is_optional:
        return story.owed.pop()
    if draw < 0.06 and not is_optional:
        return "expired"
    if draw < 0.1 and not is_optional:
        return "cancelled"
    if draw > 0.87:
        return "rejected"
    return "failed" if story.chance.random() < 0.05 else "approved"


def _dual(story: _Story, at: dt.datetime, expiry: dt.datetime, draw: float) -> _Plan:
    first, second = story.people[story.chance.choice(_SENIORS[:4])], story.people[story.chance.choice(_LEADS)]
    first_at = at + dt.timedelta(minutes=story.chance.uniform(3, 14))
    second_at = first_at + dt.timedelta(minutes=story.chance.uniform(2, 24))
    agreed = _for(story, first, first_at, "dual_required")
    if draw < 0.12:
        return _Plan("expired", expiry, (agreed,))
    if draw > 0.72:
        return _Plan("rejected", second_at, (agreed, _against(story, second, second_at)))
    return _Plan("approved", second_at, (agreed, _for(story, second, second_at, "dual_required")))


def _wait(story: _Story, level: str) -> dt.timedelta:
    """Most answers come within minutes, a few after the deadline (recommended: four hours, required: one)."""
    most, middle = {"optional": (14.5, 5.0), "recommended": (420.0, 12.0), "required": (95.0, 16.0)}[level]
    return dt.timedelta(minutes=min(most, max(0.6, story.chance.lognormvariate(0, 0.9) * middle)))


def _for(story: _Story, voter: User, at: dt.datetime, level: str) -> Voice:
    must_say = level in ("required", "dual_required")
    return Voice(voter, at, comment=story.chance.choice(_APPROVALS) if must_say or story.chance.random() < 0.4 else "")


def _against(story: _Story, voter: User, at: dt.datetime) -> Voice:
    code, comment = story.chance.choice(_REJECTIONS)
    return Voice(voter, at, "reject", code, comment)


def _carry_out(story: _Story, action: PendingAction, plan: _Plan) -> dt.datetime:
    """Write votes and ending; return when it ended."""
    for index, voice in enumerate(plan.voices):
        story.ledger.vote(action, voice, slot=index if voice.decision == "approve" else None)
    if plan.ending == "proceeds":
        story.ledger.proceed(action, plan.at)
    elif plan.ending != "approved":
        story.ledger.close(action, plan.ending, plan.at)
        return plan.at
    return story.ledger.execute(action, plan.at, fails=plan.fails)


def _is_taken_back(story: _Story, action: PendingAction) -> bool:
    """Isolations and disabled accounts end with the case; a few blocks were mistakes."""
    if (action.action_type, action.target_value) in _IN_FORCE:
        return False
    if action.action_type in ("isolate_host", "disable_user"):
        return True
    return action.action_type.startswith("block_") and story.chance.random() < 0.12


def _take_back(story: _Story, action: PendingAction, ended_at: dt.datetime) -> None:
    """The inverse, proposed by one person and agreed to by another."""
    kind = get(action.action_type)
    asker, other = story.people["analyst"], story.people[story.chance.choice(("senior", "senior2", "lead"))]
    at = ended_at + dt.timedelta(minutes=story.chance.uniform(70, 900))
    voted_at = at + dt.timedelta(minutes=story.chance.uniform(2, 25))
    if kind is None or kind.inverse is None or voted_at > story.now - dt.timedelta(minutes=10):
        # Too young to have been taken back: it is taken back now-ish, so that no isolation stays by accident.
        voted_at = story.now - dt.timedelta(minutes=11)
        at = max(ended_at, voted_at - dt.timedelta(minutes=5))
        voted_at = max(voted_at, at + dt.timedelta(minutes=1))
    assert kind is not None and kind.inverse is not None  # noqa: S101, PT018 - only such types are taken back
    proposal = Proposal(
        action_type=kind.inverse,
        target_type=action.target_type,
        target_value=action.target_value,
        reasoning=f"The case is closed; {action.target_value} goes back to normal.",
        alert_id=action.alert_id,
    )
    judged = story.ledger.judge(Proposer(team=action.team, user=asker), proposal)
    back = story.ledger.propose(judged, at, rollback_of=action)
    story.written.append(back)
    _carry_out(story, back, _Plan("approved", voted_at, (_for(story, other, voted_at, judged.rule.level),)))


def _tell_refusals(story: _Story) -> None:
    """What guardrails stopped: the product's own server, an inner address, a machine nobody knows."""
    alert = (
        Alert.objects.filter(detection_id="1000310", source__name__in=cast.sources()).order_by("received_at").first()
    )
    if alert is None:
        return
    agent, facts = story.agents["demo-responder"], Facts(alert)
    for days_ago, action_type, kind, target in (
        (10, "block_ip", "ip", SCANNER.ip),
        (6, "isolate_host", "host", "SRV-CSIGN-01"),
        (2, "isolate_host", "host", "WS-2044"),
    ):
        why = f"{target} appears in alerts of a scan and should not be left alone."
        proposal = make(facts, action_type, (kind, target), why, confidence=0.7)
        judged = story.ledger.judge(Proposer(team=agent.team, agent=agent), proposal)
        story.written.append(story.ledger.propose(judged, story.now - dt.timedelta(days=days_ago)))
