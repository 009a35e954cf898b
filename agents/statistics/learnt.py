"""What analysts' verdicts teach: their rows are taken over once, then pooled per level, at most 90 days back."""

import datetime as dt
import math
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef

from agents.models import LearntVerdict
from agents.statistics.observations import observations
from agents.triage.calibration import Calibration
from agents.triage.counts import Verdicts
from agents.triage.observation import Observation
from agents.triage.pooling import pooled
from agents.triage.record import PAIR_MEMORY, Record
from agents.triage.tactics import known_techniques
from agents.triage.verdict import ENGINE
from incidents.models import Classification, VerdictFeedback

MEMORY_DAYS = 90
MAX_VERDICTS = 20_000
_TAKE_OVER = 2_000
_TRUTH = {Classification.TRUE_POSITIVE.value: True, Classification.FALSE_POSITIVE.value: False}

_Level = dict[Any, dict[uuid.UUID, Verdicts]]


@dataclass(slots=True)
class Learnt:
    """The pooled counts of one team. Read-only once built: batches of one process share it."""

    signature: tuple[int, dt.datetime | None]
    record: Record = field(default_factory=Record)
    judged_pairs: set[tuple[str, str]] = field(default_factory=set)


#: Per team, the counts as of their newest verdict. A cache: the rows decide, through the signature.
_LATEST: dict[uuid.UUID, Learnt] = {}


def learnt(team_id: uuid.UUID) -> Learnt:
    """Return what the team's verdicts teach, newest included."""
    take_over(team_id)
    rows = LearntVerdict.objects.filter(team_id=team_id)
    totals = rows.aggregate(n=Count("pk"), newest=Max("judged_at"))
    signature = (totals["n"], totals["newest"])
    known = _LATEST.get(team_id)
    if known is not None and known.signature == signature:
        return known
    _LATEST[team_id] = built = _build(team_id, signature)
    return built


def take_over(team_id: uuid.UUID) -> int:
    """Turn feedback that was not learnt yet into rows of ours; return how many. Safe to run at the same time twice."""
    waiting = VerdictFeedback.objects.filter(
        ~Exists(LearntVerdict.objects.filter(pk=OuterRef("pk"))), alert__team=team_id
    )
    feedback = list(waiting.select_related("verdict").order_by("created_at")[:_TAKE_OVER])
    if not feedback:
        return 0
    seen = {item.ref: item for item in observations(list({row.alert_id for row in feedback}))}
    rows = [_row(team_id, item, seen[str(item.alert_id)]) for item in feedback if str(item.alert_id) in seen]
    with transaction.atomic():
        LearntVerdict.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def _row(team_id: uuid.UUID, feedback: VerdictFeedback, seen: Observation) -> LearntVerdict:
    return LearntVerdict(
        feedback=feedback,
        team_id=team_id,
        alert_id=feedback.alert_id,
        person_id=feedback.person_id,
        is_true=_TRUTH.get(feedback.classification),
        family_key=seen.family_key,
        detection_key=seen.detection_key,
        rule_key=seen.rule_key,
        host=seen.host,
        repeats=min(seen.count, 2**31 - 1),
        techniques=known_techniques(seen.techniques),
        score=_raw_score(feedback),
        judged_at=feedback.created_at,
    )


def _raw_score(feedback: VerdictFeedback) -> float | None:
    """Return the logit before calibration: the sum of the stored weights, without the calibration's own."""
    verdict = feedback.verdict
    if verdict is None or verdict.engine != ENGINE or not isinstance(verdict.evidence, list):
        return None
    return sum(
        float(item.get("weight", 0.0))
        for item in verdict.evidence
        if isinstance(item, dict) and item.get("name") != "calibration"
    )


def _build(team_id: uuid.UUID, signature: tuple[int, dt.datetime | None]) -> Learnt:
    built = Learnt(signature)
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=MEMORY_DAYS)
    rows = LearntVerdict.objects.filter(team_id=team_id, judged_at__gte=since).order_by("-judged_at", "pk")
    latest: dict[tuple[uuid.UUID, uuid.UUID], LearntVerdict] = {}
    for row in reversed(list(rows[:MAX_VERDICTS])):
        # A person who changed their mind counts once, with what they said last.
        latest.pop((row.alert_id, row.person_id), None)
        latest[row.alert_id, row.person_id] = row
    spoken = [row for row in latest.values() if row.is_true is not None]
    _fill_levels(built, spoken)
    _fill_calibration(built.record.calibration, spoken)
    return built


def _fill_levels(built: Learnt, rows: list[LearntVerdict]) -> None:
    levels: dict[str, _Level] = {
        name: defaultdict(lambda: defaultdict(Verdicts)) for name in ("overall", "family", "detection", "rule", "pair")
    }
    record = built.record
    for row in rows:
        pair = (row.rule_key, row.host)
        keys = {
            "overall": "",
            "family": row.family_key,
            "detection": row.detection_key,
            "rule": row.rule_key,
            "pair": pair,
        }
        for name, key in keys.items():
            levels[name][key][row.person_id].add(bool(row.is_true), cap=PAIR_MEMORY, detect_change=True)
        built.judged_pairs.add(pair)
        record.techniques.update(row.techniques)
        if not row.is_true:
            record.usual_repeats[row.rule_key].add(math.log1p(row.repeats))
    record.overall = pooled(levels["overall"][""].values())
    for target, name in (
        (record.families, "family"),
        (record.detections, "detection"),
        (record.rules, "rule"),
        (record.pair_verdicts, "pair"),
    ):
        target.update({key: pooled(people.values()) for key, people in levels[name].items()})


def _fill_calibration(calibration: Calibration, rows: list[LearntVerdict]) -> None:
    """One vote per alert, the majority's; an alert on which people disagree evenly teaches nothing."""
    votes: dict[uuid.UUID, list[LearntVerdict]] = defaultdict(list)
    for row in rows:
        votes[row.alert_id].append(row)
    for group in votes.values():
        true_n = sum(bool(row.is_true) for row in group)
        score = group[-1].score
        if score is not None and true_n * 2 != len(group):
            calibration.add(score, true_n * 2 > len(group))
