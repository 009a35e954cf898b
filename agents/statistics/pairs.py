"""Seen pairs and volumes between the tables and the record of one batch."""

import uuid
from collections.abc import Sequence

from agents.models import RuleVolume, SeenPair
from agents.statistics.learnt import Learnt
from agents.triage.counts import Spread
from agents.triage.observation import Observation
from agents.triage.record import WINDOW_SECONDS, Pair, Record

_PAIR_FIELDS = [
    "sightings",
    "first_at",
    "last_at",
    "last_excess",
    "hour",
    "hour_n",
    "before_n",
    "in_burst",
    "volume_n",
    "volume_mean",
    "volume_squares",
]
_VOLUME_FIELDS = ["volume_n", "volume_mean", "volume_squares"]
_ROWS = 1_000


def record_for(team_id: uuid.UUID, learnt: Learnt, batch: Sequence[Observation]) -> Record:
    """Return the record that a batch is triaged with: shared verdict counts, and its own copy of what was seen."""
    record, known = Record(), learnt.record
    record.overall, record.calibration, record.techniques = known.overall, known.calibration, known.techniques
    record.families, record.detections = known.families, known.detections
    record.rules, record.pair_verdicts = known.rules, known.pair_verdicts
    record.usual_repeats = known.usual_repeats
    if batch:
        _load_pairs(record, team_id, learnt, batch)
        _load_volumes(record, team_id, batch)
    return record


def save(team_id: uuid.UUID, record: Record, batch: Sequence[Observation]) -> None:
    """Write back what the batch has added. Call it in the transaction that stores the verdicts.

    Two workers on two batches of one team may both have read a pair: the later one wins and some sightings are lost.
    That keeps a pair new for longer, never for shorter.
    """
    keys = sorted({(seen.host, seen.rule_key) for seen in batch})
    rows = [_pair_row(team_id, record, host, rule) for host, rule in keys]
    SeenPair.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["team", "host", "rule_key"],
        update_fields=_PAIR_FIELDS,
        batch_size=_ROWS,
    )
    volumes = [_volume_row(team_id, record, rule) for rule in sorted({rule for _, rule in keys})]
    RuleVolume.objects.bulk_create(
        volumes,
        update_conflicts=True,
        unique_fields=["team", "rule_key"],
        update_fields=_VOLUME_FIELDS,
        batch_size=_ROWS,
    )


def _load_pairs(record: Record, team_id: uuid.UUID, learnt: Learnt, batch: Sequence[Observation]) -> None:
    hosts = {seen.host for seen in batch}
    since = min(seen.at for seen in batch) - WINDOW_SECONDS
    for row in SeenPair.objects.filter(team_id=team_id, host__in=hosts).order_by("last_at", "pk"):
        key = (row.rule_key, row.host)
        record.pairs[key] = Pair(
            sightings=row.sightings,
            first_at=row.first_at,
            judged=key in learnt.judged_pairs,
            hour=row.hour,
            hour_n=row.hour_n,
            before_n=row.before_n,
            in_burst=row.in_burst,
            volume=Spread(row.volume_n, row.volume_mean, row.volume_squares),
        )
        if row.last_at >= since:
            record.recent[row.host][row.rule_key] = (row.last_at, row.last_excess)
    for seen in batch:
        key = (seen.rule_key, seen.host)
        if key in learnt.judged_pairs:
            record.pairs.setdefault(key, Pair(first_at=seen.at, judged=True))


def _load_volumes(record: Record, team_id: uuid.UUID, batch: Sequence[Observation]) -> None:
    for row in RuleVolume.objects.filter(team_id=team_id, rule_key__in={seen.rule_key for seen in batch}):
        record.rule_volumes[row.rule_key] = Spread(row.volume_n, row.volume_mean, row.volume_squares)


def _pair_row(team_id: uuid.UUID, record: Record, host: str, rule: str) -> SeenPair:
    pair = record.pairs[rule, host]
    last_at, last_excess = record.recent.get(host, {}).get(rule, (pair.first_at, 0.0))
    return SeenPair(
        team_id=team_id,
        rule_key=rule,
        host=host,
        sightings=pair.sightings,
        first_at=pair.first_at,
        last_at=last_at,
        last_excess=last_excess,
        hour=pair.hour,
        hour_n=pair.hour_n,
        before_n=pair.before_n,
        in_burst=pair.in_burst,
        volume_n=pair.volume.n,
        volume_mean=pair.volume.mean,
        volume_squares=pair.volume.squares,
    )


def _volume_row(team_id: uuid.UUID, record: Record, rule: str) -> RuleVolume:
    volume = record.rule_volumes.get(rule) or Spread()
    return RuleVolume(
        team_id=team_id, rule_key=rule, volume_n=volume.n, volume_mean=volume.mean, volume_squares=volume.squares
    )
