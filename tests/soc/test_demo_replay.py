"""The replay: payloads that their own readers know, at the rate asked for, and proposals that flood nobody."""

import datetime as dt
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import override_settings

from approvals.models import BlastCounter, PendingAction
from incidents.models import Alert, IngestBatch
from incidents.normalize import normalize
from incidents.services.triage import VerdictDraft, claim_batch, store_verdicts
from soc.demo import stories, stream
from soc.demo.cast import agents, seed_cast
from soc.demo.estate import seed_estate
from soc.demo.proposals import IDEAS, ideas_for
from soc.demo.respond import MOST_OPEN, Responder, isolations_left
from soc.demo.scene import Item
from soc.demo.stream import Stream, deliver
from soc.demo.world import ELASTIC, MAIL, RESERVED_HOSTS, RESERVED_USERS, SIGMA, SURICATA, WAZUH, at_desk
from soc.supervisor.children import PROJECT
from soc.supervisor.ready import READY_FILE

FORMATS = {ELASTIC: "elastic", WAZUH: "wazuh", SURICATA: "suricata_eve", SIGMA: "match_record", MAIL: "generic"}
NOW = dt.datetime(2026, 11, 24, 10, 30, tzinfo=dt.UTC)
LINES = [*stories.NOISE, *stories.SINGLES, *(line for line, _ in stories.INTRUSION)]


def chance(seed: int) -> random.Random:
    """Return the same chance each time."""
    return random.Random(seed)  # noqa: S311 - a story


@pytest.fixture
def demo(db: None) -> None:
    seed_estate(seed_cast())


def told(line: stories.Line, seed: int = 1) -> Item:
    return stories.tell(line, stories.scene_of(chance(seed), NOW))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.template.__name__)
def test_each_payload_is_read_by_its_own_format(line: stories.Line) -> None:
    alert = normalize(told(line).payload)
    assert alert.format.split("/")[0] == FORMATS[line.source]
    assert alert.detected_at is not None
    assert abs(alert.detected_at - NOW) < dt.timedelta(seconds=1)
    assert alert.title
    assert alert.entities
    assert not alert.notes


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.template.__name__)
def test_no_payload_names_what_is_left_to_the_reader(line: stories.Line) -> None:
    for seed in range(30):
        text = str(told(line, seed).payload)
        assert not any(f"{name}'" in text or f"{name} " in text for name in RESERVED_HOSTS | RESERVED_USERS)
        assert not any(network in text for network in ("192.0.2.", "198.51.100.", "203.0.113."))


def test_the_steps_of_an_intrusion_share_machine_person_and_attacker() -> None:
    items = list(stories.intrusion(chance(3), NOW, at_desk("WS-1009")))
    assert [item.kind for item in items] == [
        "macro_attachment", "office_starts_shell", "beacon", "lsass_read", "service_on_server", "upload",
    ]  # fmt: skip
    outside = {address for item in items for address in re.findall(r"2001:db8:[0-9a-f:]+", str(item.payload))}
    assert len(outside) == 1
    assert all("ai.berg" in str(item.payload) or "10.20.1.9" in str(item.payload) for item in items)


def test_noise_outnumbers_attacks_about_ten_to_one() -> None:
    lines = stories.replay(chance(7))
    first = [next(lines) for _ in range(2000)]
    attacks = sum(line.truth == "true_positive" for line in first)
    assert 0.06 < attacks / len(first) < 0.13


class Clock:
    """A clock that only sleeping moves; `until` is when the stream is told to stop."""

    def __init__(self, until: float) -> None:
        self.now, self.until = 0.0, until

    def read(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self.until


def counting(sent: list[int]) -> Callable[[list[Item]], int]:
    """Return a delivery that only notes how many came."""

    def note(items: list[Item]) -> int:
        sent.append(len(items))
        return len(items)

    return note


def run(rate: float, seconds: float, monkeypatch: pytest.MonkeyPatch, step: Callable[[list[Item]], int]) -> None:
    clock = Clock(seconds)
    monkeypatch.setattr(stream, "deliver", step)
    quiet = Responder(clock=clock.read, next_at=seconds * 2)
    Stream(rate=rate, chance=chance(5), clock=clock.read, wait=clock.wait, responder=quiet).run()


@pytest.mark.parametrize("rate", [1.0, 12.0, 60.0, 600.0])
def test_the_rate_is_kept(rate: float, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    sent: list[int] = []
    run(rate, 600, monkeypatch, counting(sent))
    assert abs(sum(sent) - rate * 10) <= max(2, rate / 30)
    assert max(sent) <= max(1, rate / 60 * 2)


def test_a_database_that_is_away_costs_alerts_and_not_the_stream(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    tries: list[int] = []

    def away_at_first(items: list[Item]) -> int:
        tries.append(len(items))
        if len(tries) < 4:
            raise OperationalError("the server closed the connection")
        return len(items)

    run(60, 30, monkeypatch, away_at_first)
    assert len(tries) > 20


def test_a_long_pause_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    sent: list[int] = []
    clock = Clock(4000)
    waits = iter([1.0] * 5 + [3600.0] + [1.0] * 5 + [1000.0])
    monkeypatch.setattr(stream, "deliver", counting(sent))
    quiet = Responder(clock=clock.read, next_at=10_000)
    Stream(rate=60, clock=clock.read, wait=lambda _: clock.wait(next(waits, 1000.0)), responder=quiet).run()
    assert max(sent) <= 6


@pytest.mark.django_db
def test_delivered_alerts_are_stored_with_one_batch_a_source(demo: None) -> None:
    items = [told(line, index) for index, line in enumerate(LINES)]
    assert deliver(items) == len(items)
    assert IngestBatch.objects.count() == 5
    assert Alert.objects.count() > 10


def triaged(line: stories.Line, seed: int, verdict: str = "true_positive") -> Alert:
    """Deliver a fresh alert and give it this verdict."""
    before = set(Alert.objects.values_list("pk", flat=True))
    scene = stories.scene_of(chance(seed), dt.datetime.now(dt.UTC))
    deliver([stories.tell(line, scene)])
    alert = Alert.objects.exclude(pk__in=before).get()
    claim = claim_batch(batch_id=alert.batch_id)
    assert claim is not None
    draft = VerdictDraft(alert.id, "test", verdict, "high", 0.9, 0.9, "because")
    store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=[draft])
    return alert


@pytest.mark.django_db
def test_every_idea_can_be_proposed(demo: None) -> None:
    lines = [line for line in LINES if line.truth == "true_positive"]
    for index, line in enumerate(lines):
        alert = triaged(line, 100 + index)
        assert alert.detection_id in IDEAS, line
        ideas = ideas_for(Alert.objects.select_related("source").get(pk=alert.pk))
        assert len(ideas) == len(IDEAS[alert.detection_id]), line


@pytest.mark.django_db
def test_at_most_one_proposal_a_minute(demo: None) -> None:
    clock = Clock(10_000)
    responder = Responder(chance=chance(1), clock=clock.read, next_at=0)
    for seed in range(6):
        triaged(stories.INTRUSION[2][0], 200 + seed)
    made = []
    for _ in range(300):
        clock.now += 1
        made.append(responder.look())
    actions = [action for action in made if action is not None]
    assert 3 <= len(actions) <= 5
    assert all(action.alert_id for action in actions)


@pytest.mark.django_db
def test_nothing_is_proposed_while_people_cannot_keep_up(demo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soc.demo.respond.MOST_OPEN", 1)
    clock = Clock(10_000)
    responder = Responder(chance=chance(1), clock=clock.read, next_at=0)
    for seed in range(6):
        triaged(stories.INTRUSION[0][0], 300 + seed)
    for _ in range(600):
        clock.now += 1
        responder.look()
    assert MOST_OPEN == 40
    assert PendingAction.objects.filter(status__in=["pending", "approved"]).count() == 2


@pytest.mark.django_db
def test_two_isolations_stay_free_whatever_happens(demo: None) -> None:
    team = next(iter(agents().values())).team
    BlastCounter.objects.create(team=team, key="isolated_hosts", cap=5, in_use=3)
    assert isolations_left() == 2
    clock = Clock(1e9)
    responder = Responder(chance=chance(2), clock=clock.read, next_at=0)
    for seed in range(6):
        triaged(stories.INTRUSION[5][0], 400 + seed)
    for _ in range(40):
        clock.now += 120
        responder.look()
    assert PendingAction.objects.count() > 5
    assert not PendingAction.objects.filter(action_type="isolate_host").exists()


@pytest.mark.django_db
def test_a_false_alarm_leads_to_no_proposal(demo: None) -> None:
    triaged(stories.INTRUSION[2][0], 500, verdict="false_positive")
    assert Responder(next_at=0, clock=lambda: 1.0).look() is None
    assert not PendingAction.objects.exists()


def test_a_senseless_rate_is_refused_in_words() -> None:
    with override_settings(DEMO=True), pytest.raises(CommandError, match="alerts a minute"):
        call_command("demo", "replay", "--rate", "0")


@pytest.mark.django_db
def test_without_a_seed_it_says_what_to_do() -> None:
    with override_settings(DEMO=True), pytest.raises(CommandError, match="demo seed"):
        call_command("demo", "replay")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_command_delivers_and_ends_at_once_when_told_to(
    demo: None, service_env: dict[str, str], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    env = service_env | {"COUNTERSIGN_DEMO": "1", READY_FILE: str(ready)}
    command = [sys.executable, str(PROJECT / "manage.py"), "demo", "replay", "--rate", "1200"]
    with subprocess.Popen(command, env=env, cwd=PROJECT) as process:
        try:
            deadline = time.monotonic() + 60
            while Alert.objects.count() < 10 and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.1)
            assert ready.exists()
            assert Alert.objects.count() >= 10
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0
        finally:
            process.kill()
