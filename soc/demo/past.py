"""Two weeks of alerts: delivered and triaged by the product's own services, then moved to the days they tell of.

Only alerts, verdicts and analysts' verdicts can be dated back by the serving role; what people decided cannot
(soc/demo/decided.py says how that history is written, and by whom).
"""

import datetime as dt
import json
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction

from accounts.models import AlertSource, User
from accounts.people import actor_of
from agents.services.triage_batch import triage_batch
from approvals.clock import database_now
from audit.services import record
from incidents.models import Alert, IngestBatch, TriageVerdict, VerdictFeedback
from incidents.services.ingest import ingest
from incidents.wire import RawItem
from soc.demo import cast, stories
from soc.demo.scene import TRUE, Item
from soc.demo.world import SOURCES, at_desk

DAYS = 14
#: The intrusions: how many days ago, at which hour, on which workstation.
INTRUSIONS = (
    (13, 9, "WS-1003"),
    (11, 14, "WS-1011"),
    (9, 10, "WS-1028"),
    (7, 16, "WS-1005"),
    (5, 8, "WS-1016"),
    (3, 13, "WS-1014"),
    (1, 10, "WS-1019"),
)
ALERTS_A_DAY = 36
#: Delivered and triaged together; the engine learns between two spans.
SPAN_DAYS = 3
MARK = "Demo history."
#: How often an analyst says something where the engine was right and where it was not: of noise, and of attacks.
_OF_NOISE, _OF_ATTACKS = (0.55, 0.09), (0.9, 0.25)
_REVIEWERS = ("analyst", "analyst2", "analyst", "senior", "oncall", "senior2")


@dataclass(slots=True)
class Told:
    """One alert of the past with what becomes of it."""

    alert_id: uuid.UUID
    item: Item
    received_at: dt.datetime
    triaged_at: dt.datetime
    seen_at: dt.datetime | None = None


@dataclass(slots=True)
class _Telling:
    """The state of the telling: chance, the clock, who is there."""

    now: dt.datetime
    chance: random.Random
    sources: dict[str, AlertSource] = field(default_factory=cast.sources)
    people: dict[str, User] = field(default_factory=cast.people)


def seed_past() -> int:
    """Tell the two weeks where they have not been told yet; return how many alerts there were.

    A few days at a time: the engine learns from what analysts said before it judges the next ones.
    """
    now = database_now()
    if Alert.objects.filter(source__name__in=SOURCES, received_at__lt=now - dt.timedelta(days=2)).exists():
        return 0
    telling = _Telling(now, random.Random(1914))  # noqa: S311 - a story, the same each time
    spans: dict[int, list[Item]] = defaultdict(list)
    for item in _events(telling.chance, now):
        spans[item.at.toordinal() // SPAN_DAYS].append(item)
    return sum(_tell_span(telling, sorted(spans[span], key=lambda item: item.at)) for span in sorted(spans))


def _events(chance: random.Random, now: dt.datetime) -> Iterator[Item]:
    """Yield everything that happened, in no order; the last half hour belongs to what is new."""
    newest = now - dt.timedelta(minutes=30)
    for days_ago in range(DAYS, -1, -1):
        midnight = (now - dt.timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        for number in range(ALERTS_A_DAY + 2):
            at = _moment(chance, midnight)
            item = stories.noise(chance, at) if number < ALERTS_A_DAY else stories.single(chance, at)
            if at < newest:
                yield item
    for days_ago, hour, desk in INTRUSIONS:
        start = (now - dt.timedelta(days=days_ago)).replace(hour=hour, minute=chance.randrange(60))
        yield from stories.intrusion(chance, start, at_desk(desk))


def _moment(chance: random.Random, midnight: dt.datetime) -> dt.datetime:
    """Most alerts come while people work."""
    hour = chance.gauss(13.0, 4.0) if chance.random() < 0.75 else chance.uniform(0, 24)
    return midnight + dt.timedelta(hours=hour % 24, milliseconds=chance.randrange(1000))


def _tell_span(telling: _Telling, items: list[Item]) -> int:
    """Deliver and triage some days' alerts, let analysts look at some, and date it all back."""
    told, batches = _deliver(telling, items)
    seen = _looked_at(telling, told)
    with transaction.atomic():
        _move_back(telling.now, told, batches)
        VerdictFeedback.objects.bulk_create(seen)
        for row in seen:
            _record_feedback(row)
    return len(told)


def _deliver(telling: _Telling, items: list[Item]) -> tuple[list[Told], dict[uuid.UUID, dt.datetime]]:
    """Ingest and triage what each source sent; return the alerts, and when each batch came.

    A running worker may be quicker to claim a batch: then its verdicts stand, and come a little later.
    """
    told: dict[uuid.UUID, Told] = {}
    batches: dict[uuid.UUID, dt.datetime] = {}
    for name, source in telling.sources.items():
        mine = [item for item in items if item.source == name]
        if not mine:
            continue
        result = ingest(source=source, items=[raw_item(index, item) for index, item in enumerate(mine)])
        for alert_id, item in zip(result.ids, mine, strict=True):
            told.setdefault(alert_id, _told(telling.chance, alert_id, item))
        for batch_id in result.batch_ids:
            batches[batch_id] = mine[0].at
            triage_batch(batch_id=batch_id)
    return sorted(told.values(), key=lambda one: one.item.at), batches


def raw_item(index: int, item: Item) -> RawItem:
    """Return a payload as if it had come over the wire."""
    return RawItem(index, json.dumps(item.payload), item.payload)


def _told(chance: random.Random, alert_id: uuid.UUID, item: Item) -> Told:
    received_at = item.at + dt.timedelta(seconds=chance.uniform(2, 45))
    return Told(alert_id, item, received_at, received_at + dt.timedelta(seconds=chance.uniform(0.4, 6)))


def _looked_at(telling: _Telling, told: list[Told]) -> list[VerdictFeedback]:
    """Return what analysts say about some of the verdicts."""
    ids = [each.alert_id for each in told]
    verdicts = {
        verdict.alert_id: verdict
        for verdict in TriageVerdict.objects.filter(alert_id__in=ids, is_current=True).select_related("alert")
    }
    spoken: list[VerdictFeedback] = []
    for each in told:
        verdict = verdicts.get(each.alert_id)
        feedback = _feedback(telling, each, verdict) if verdict else None
        if feedback is not None:
            spoken.append(feedback)
    return spoken


def _feedback(telling: _Telling, told: Told, verdict: TriageVerdict) -> VerdictFeedback | None:
    agrees, corrects = _OF_ATTACKS if told.item.truth == TRUE else _OF_NOISE
    is_right = verdict.verdict == told.item.truth
    seen_at = told.triaged_at + dt.timedelta(minutes=telling.chance.uniform(2, 90))
    user = telling.people[telling.chance.choice(_REVIEWERS)]
    if telling.chance.random() > (agrees if is_right else corrects) or seen_at > telling.now:
        return None
    told.seen_at = seen_at
    return VerdictFeedback(
        alert=verdict.alert,
        verdict=verdict,
        user=user,
        person_id=user.person_id,
        classification=told.item.truth,
        is_override=not is_right,
        created_at=seen_at,
    )


_MOVE_ALERTS = """
UPDATE incidents_alert AS a SET received_at = t.received_at, triaged_at = t.triaged_at, status = t.status
  FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[]) AS t (id, received_at, triaged_at, status)
 WHERE a.id = t.id
"""
#: The serving role rewrites neither payloads nor verdicts: the owner dates these back, with the decided past.
_MOVE_KEPT = (
    """
UPDATE incidents_alertpayload AS p SET received_at = a.received_at FROM incidents_alert a
 WHERE a.id = p.alert_id AND a.source_id = ANY(%s::uuid[]) AND p.received_at > a.received_at + interval '5 minutes'
""",
    """
UPDATE incidents_triageverdict AS v SET created_at = a.triaged_at FROM incidents_alert a
 WHERE a.id = v.alert_id AND a.source_id = ANY(%s::uuid[]) AND v.created_at > a.triaged_at + interval '5 minutes'
""",
)


def _move_back(now: dt.datetime, told: list[Told], batches: dict[uuid.UUID, dt.datetime]) -> None:
    """Date alerts and batches to when they happened."""
    ids = [each.alert_id for each in told]
    received = [each.received_at for each in told]
    triaged = [each.triaged_at for each in told]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_ALERTS, [ids, received, triaged, [_status(each, now) for each in told]])
    for batch_id, at in batches.items():
        IngestBatch.objects.filter(pk=batch_id).update(received_at=at)


def move_kept_back() -> None:
    """As the owner: date the payloads and verdicts of alerts that were moved back."""
    ids = [source.id for source in cast.sources().values()]
    with connection.cursor() as cursor:
        for statement in _MOVE_KEPT:
            cursor.execute(statement, [ids])


def _status(told: Told, now: dt.datetime) -> str:
    """What somebody looked at is closed; what is young and serious is being worked on."""
    if told.item.at > now - dt.timedelta(days=1):
        return "in_progress" if told.seen_at and told.item.truth == TRUE else "closed" if told.seen_at else "new"
    return "closed" if told.seen_at or told.item.truth != TRUE else "in_progress"


def _record_feedback(row: VerdictFeedback) -> None:
    """The record says that it was written now, about an invented past."""
    record(
        action="incidents.verdict.given",
        actor=actor_of(row.user),
        object_type="alert",
        object_id=str(row.alert_id),
        object_label=row.alert.title[:200],
        after={"verdict": row.classification, "is_override": row.is_override, "at": row.created_at},
        reason=MARK,
        team_id=str(row.alert.team_id),
    )
