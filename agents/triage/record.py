"""The record: what analysts' verdicts and earlier alerts say about rules, hosts and their usual volume.

Pure state in memory. `evaluate` fills it from training rows; the product fills it from its tables (agents.statistics).
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from agents.triage.calibration import Calibration
from agents.triage.counts import Spread, Verdicts
from agents.triage.observation import Observation
from agents.triage.tactics import known_techniques

#: Shrinkage: a level outweighs the one above it once it has about this many verdicts.
STRENGTH = 8.0
FAMILY_STRENGTH = 20.0
#: Effective memory of a rule and of a rule on one host, in verdicts.
RULE_MEMORY = 100.0
PAIR_MEMORY = 60.0
#: Before the first verdicts: two alerts in five are taken to be true, with the weight of twenty verdicts. High on
#: purpose: while nothing is known, a missed attack costs more than a look.
COLD_RATE = 0.4
COLD_WEIGHT = 20.0
#: A pair without a verdict stays new until seen this often, over at least this long.
NEW_SIGHTINGS = 5
NEW_SECONDS = 3600
WINDOW_SECONDS = 3600
HOUR = 3600
#: A burst is this many times the pair's usual hourly volume, and never fewer than BURST_LEAST × BURST_TIMES events.
BURST_TIMES = 4.0
BURST_LEAST = 15.0
#: The usual volume is the mean of the logarithms plus one deviation, but no wider than this: a rule that is erratic
#: by nature must not thereby be free to do anything.
SPREAD_MOST = 1.1
MAX_RULES_PER_HOST = 64


@dataclass(frozen=True, slots=True)
class Prior:
    """P(true positive) by the verdicts alone, from the widest level to the narrowest, with their effective counts."""

    overall: float
    family: float
    rule: float
    pair: float
    rule_true: float
    rule_false: float

    @property
    def rule_n(self) -> float:
        return self.rule_true + self.rule_false


@dataclass(slots=True)
class Pair:
    """A rule on a host: sightings, and events per clock hour with a sliding estimate of the last 60 minutes."""

    sightings: int = 0
    first_at: float = 0.0
    judged: bool = False
    hour: int = 0
    hour_n: int = 0
    before_n: int = 0
    in_burst: bool = False
    volume: Spread = field(default_factory=Spread)

    def last_hour(self, at: float) -> float:
        """Return the estimated events of the 60 minutes before `at`."""
        return self.hour_n + self.before_n * (1 - (at % HOUR) / HOUR)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around an alert at the moment it is triaged."""

    #: Sum over the other rules that fired on the host within the window of their last alert's excess.
    heat: float
    other_rules: tuple[str, ...]
    is_new_pair: bool
    first_sighting: bool
    new_techniques: tuple[str, ...]
    volume: float
    volume_limit: float
    #: Deviations by which the repeats exceed what is usual for the rule's false alerts.
    repeat_surprise: float

    @property
    def in_burst(self) -> bool:
        return self.volume_limit > 0 and self.volume > self.volume_limit


class Record:
    """Counts per level, seen pairs, techniques and recent rules of one team."""

    def __init__(self) -> None:
        self.overall = Verdicts()
        self.families: dict[str, Verdicts] = defaultdict(Verdicts)
        self.detections: dict[str, Verdicts] = defaultdict(Verdicts)
        self.rules: dict[str, Verdicts] = defaultdict(Verdicts)
        self.pair_verdicts: dict[tuple[str, str], Verdicts] = defaultdict(Verdicts)
        self.pairs: dict[tuple[str, str], Pair] = {}
        self.rule_volumes: dict[str, Spread] = defaultdict(Spread)
        self.usual_repeats: dict[str, Spread] = defaultdict(Spread)
        self.recent: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
        self.techniques: set[str] = set()
        self.calibration = Calibration()

    @property
    def verdict_n(self) -> float:
        return self.overall.n

    def prior(self, seen: Observation) -> Prior:
        """Return the shrunk rates of the alert's levels: all → family → detection → rule → rule on this host."""
        overall = self.overall.shrunk(COLD_RATE, COLD_WEIGHT)
        family = _of(self.families, seen.family_key).shrunk(overall, FAMILY_STRENGTH)
        detection = _of(self.detections, seen.detection_key)
        rule = _of(self.rules, seen.rule_key)
        pair = self.pair_verdicts.get((seen.rule_key, seen.host), _NONE)
        rule_rate = rule.shrunk(detection.shrunk(family, STRENGTH), STRENGTH)
        return Prior(
            overall=overall,
            family=family,
            rule=rule_rate,
            pair=pair.shrunk(rule_rate, STRENGTH),
            rule_true=rule.true_n,
            rule_false=rule.false_n,
        )

    def context(self, seen: Observation) -> Context:
        """Return what is known around the alert, itself counted in the volume."""
        pair = self.pairs.get((seen.rule_key, seen.host)) or Pair(first_at=seen.at)
        heat, others = self._heat(seen)
        long_enough = pair.sightings >= NEW_SIGHTINGS and seen.at - pair.first_at >= NEW_SECONDS
        techniques = known_techniques(seen.techniques)
        return Context(
            heat=heat,
            other_rules=others,
            is_new_pair=not pair.judged and not long_enough,
            first_sighting=pair.sightings == 0,
            new_techniques=tuple(name for name in techniques if name not in self.techniques),
            volume=_rolled(pair, seen.at).last_hour(seen.at) + seen.count,
            volume_limit=self._volume_limit(seen.rule_key, pair),
            repeat_surprise=self._repeat_surprise(seen),
        )

    def saw(self, seen: Observation, excess: float, *, in_burst: bool) -> None:
        """Note that the alert passed: its pair's sightings and volume, and the rule as recent on its host."""
        key = (seen.rule_key, seen.host)
        pair = self.pairs.get(key)
        if pair is None or seen.at < pair.first_at:
            pair = self.pairs[key] = _fresh(pair, seen.at)
        self._roll(seen.rule_key, pair, seen.at)
        pair.sightings += 1
        pair.hour_n += seen.count
        pair.in_burst = pair.in_burst or in_burst
        rules = self.recent[seen.host]
        rules.pop(seen.rule_key, None)
        rules[seen.rule_key] = (seen.at, excess)
        if len(rules) > MAX_RULES_PER_HOST:
            del rules[next(iter(rules))]

    def learn(self, seen: Observation, verdict: bool, *, score: float | None = None) -> None:
        """Learn an analyst's verdict; `score` is the raw logit that the engine had given, for the calibration."""
        self.overall.add(verdict)
        self.families[seen.family_key].add(verdict)
        self.detections[seen.detection_key].add(verdict, cap=RULE_MEMORY, detect_change=True)
        self.rules[seen.rule_key].add(verdict, cap=RULE_MEMORY, detect_change=True)
        self.pair_verdicts[seen.rule_key, seen.host].add(verdict, cap=PAIR_MEMORY, detect_change=True)
        if not verdict:
            self.usual_repeats[seen.rule_key].add(math.log1p(seen.count))
        pair = self.pairs.setdefault((seen.rule_key, seen.host), Pair(first_at=seen.at))
        pair.judged = True
        # A person has looked at this volume: it is known now, and no burst any more.
        pair.in_burst = False
        self.techniques.update(known_techniques(seen.techniques))
        if score is not None:
            self.calibration.add(score, verdict)

    def _heat(self, seen: Observation) -> tuple[float, tuple[str, ...]]:
        rules = self.recent.get(seen.host)
        if not rules or not seen.host:
            return 0.0, ()
        heat, others = 0.0, []
        for rule, (at, excess) in list(rules.items()):
            if not 0 <= seen.at - at <= WINDOW_SECONDS:
                del rules[rule]
            elif rule != seen.rule_key and excess >= 0.01:
                heat += excess
                others.append(rule)
        return heat, tuple(others)

    def _volume_limit(self, rule_key: str, pair: Pair) -> float:
        """Return the events an hour above which the pair is in a burst; 0 while nothing is known of the rule."""
        own, pooled = pair.volume, self.rule_volumes.get(rule_key)
        if own.n >= 3:
            usual = math.exp(own.mean + min(SPREAD_MOST, own.deviation))
        elif pooled is not None and pooled.n:
            usual = math.exp(pooled.mean)
        else:
            return 0.0
        return BURST_TIMES * max(BURST_LEAST, usual)

    def _repeat_surprise(self, seen: Observation) -> float:
        usual = self.usual_repeats.get(seen.rule_key)
        if usual is None or usual.n < 5:
            return 0.0
        return (math.log1p(seen.count) - usual.mean) / max(0.5, usual.deviation)

    def _roll(self, rule_key: str, pair: Pair, at: float) -> None:
        """Close the pair's hour when `at` lies in a later one; only calm hours teach what is usual."""
        hour = int(at // HOUR)
        if hour == pair.hour:
            return
        if pair.hour_n and not pair.in_burst:
            pair.volume.add(math.log(pair.hour_n))
            self.rule_volumes[rule_key].add(math.log(pair.hour_n))
        pair.before_n = pair.hour_n if hour == pair.hour + 1 else 0
        pair.hour, pair.hour_n, pair.in_burst = hour, 0, False


_NONE = Verdicts()


def _of(level: dict[str, Verdicts], key: str) -> Verdicts:
    """Read without creating: a look must not change the record."""
    return level.get(key, _NONE)


def _rolled(pair: Pair, at: float) -> Pair:
    """Return the pair as it stands at `at`, without changing it."""
    hour = int(at // HOUR)
    if hour == pair.hour:
        return pair
    return Pair(hour=hour, before_n=pair.hour_n if hour == pair.hour + 1 else 0)


def _fresh(known: Pair | None, at: float) -> Pair:
    """Return a pair that starts at `at`; of one whose clock ran backwards, what was learnt stays."""
    if known is None:
        return Pair(first_at=at, hour=int(at // HOUR))
    known.first_at, known.hour, known.hour_n, known.before_n = at, int(at // HOUR), 0, 0
    return known
