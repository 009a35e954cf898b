"""The embedded engine: logit(p) = logit(prior by verdicts) + Σ clipped weights; no model, no chance, no network.

    p = sigmoid(calibration(logit(prior) + Σ wᵢ·xᵢ))

Same observation and same record give the same verdict, byte for byte.
"""

from agents.triage.calibration import logit, sigmoid
from agents.triage.observation import Observation
from agents.triage.recommend import enrichment, recommended
from agents.triage.record import Context, Prior, Record
from agents.triage.severity import severity
from agents.triage.signals import content_factors, rule_factors
from agents.triage.tactics import known_techniques
from agents.triage.verdict import Assessment, Factor, Shown, Verdict
from agents.triage.wording import clipped, reasoning

#: The auto-disposition bands of the contract: at most CLOSE, at least CONFIRM, and no veto.
CLOSE = 0.02
CONFIRM = 0.9
#: Shown as false or true positive beyond these; between them the engine abstains.
SHOW_FALSE = 0.25
SHOW_FALSE_VETOED = 0.2
SHOW_TRUE = 0.6
#: A rule with fewer verdicts than this closes nothing.
LEAST_RULE_VERDICTS = 12

PRIOR_LIMITS = (0.0005, 0.999)
HEAT_WEIGHT = 1.6
HEAT_MOST = 1.5
REPEAT_WEIGHT = 0.35
REPEAT_LIMITS = (-0.5, 2.0)
FIRST_SIGHTING_WEIGHT = 0.5
BURST_WEIGHT = 0.5


def assess(seen: Observation, record: Record) -> Assessment:
    """Return probability, factors and vetoes. Changes nothing in the record."""
    prior, context = record.prior(seen), record.context(seen)
    own = [_prior_factor(prior), *rule_factors(seen, prior.rule_n), *content_factors(seen)]
    factors = [*own, *_context_factors(context)]
    score = sum(factor.weight for factor in factors)
    calibrated = record.calibration.apply(score)
    if abs(calibrated - score) > 1e-9:
        factors.append(_calibration_factor(calibrated - score, record.calibration.n))
    excess = max(0.0, sigmoid(sum(factor.weight for factor in own)) - prior.overall)
    return Assessment(score, sigmoid(calibrated), excess, tuple(factors), tuple(_vetoes(prior, context)))


def triage(seen: Observation, record: Record) -> Verdict:
    """Return the verdict in words and numbers, and note in the record that the alert passed."""
    assessed = assess(seen, record)
    note(seen, record, assessed)
    return put_into_words(seen, assessed)


def note(seen: Observation, record: Record, assessed: Assessment) -> None:
    """Let the record see the alert: later alerts on the host count it as context.

    It counts by what speaks for it alone, without its own context: two weak alerts must not raise each other.
    """
    record.saw(seen, assessed.excess, in_burst=any(factor.name == "burst" for factor in assessed.factors))


def put_into_words(seen: Observation, assessed: Assessment) -> Verdict:
    """Return what is shown to people for an assessment."""
    p = assessed.probability
    shown, abstention = _shown(p, assessed.vetoes)
    actions = recommended(seen, p, shown, assessed.factors)
    return Verdict(
        verdict=shown,
        abstention=abstention,
        severity=severity(seen, p),
        probability=p,
        confidence=max(p, 1 - p),
        techniques=tuple(known_techniques(seen.techniques)),
        reasoning=reasoning(shown, abstention, assessed, actions),
        factors=assessed.factors,
        vetoes=assessed.vetoes,
        actions=actions,
        enrichment_needed=enrichment(seen, shown),
    )


def _shown(p: float, vetoes: tuple[str, ...]) -> tuple[Shown, str]:
    """Return the classification shown, and why the engine abstains where it does."""
    if p >= SHOW_TRUE:
        return "true_positive", ""
    if p <= (SHOW_FALSE_VETOED if vetoes else SHOW_FALSE):
        return "false_positive", ""
    if vetoes and p <= SHOW_FALSE:
        return "suspicious", f"the score leans to false positive, but {vetoes[0]}"
    return "suspicious", f"the evidence does not decide (P = {p:.2f})."


def _prior_factor(prior: Prior) -> Factor:
    least, most = PRIOR_LIMITS
    rate = min(most, max(least, prior.pair))
    if prior.rule_n >= 0.5:
        claim = (
            f"Analysts judged this rule true {prior.rule_true:.0f} and false {prior.rule_false:.0f} times "
            f"(recent verdicts count most); with its family and host that makes {rate:.1%}."
        )
    elif prior.family != prior.overall:
        claim = f"The rule has no verdicts yet; rules of its family were true in {prior.family:.1%}."
    else:
        claim = f"The rule has no verdicts yet; the starting point is {rate:.0%}."
    return Factor("prior", rate, logit(rate), claim, "record", "verdicts")


def _context_factors(context: Context) -> list[Factor]:
    found: list[Factor] = []
    heat = min(HEAT_MOST, context.heat)
    if heat >= 0.05:
        names = ", ".join(clipped(name.split("|")[-1], 48) for name in context.other_rules[-3:])
        claim = f"{len(context.other_rules)} other suspect rule(s) fired on this host within the hour, last: {names}."
        found.append(Factor("host_context", heat, HEAT_WEIGHT * heat, claim, "alerts", "last hour on the host"))
    surprise = max(REPEAT_LIMITS[0], min(REPEAT_LIMITS[1], REPEAT_WEIGHT * context.repeat_surprise))
    if abs(surprise) >= 0.05:
        word = "more" if surprise > 0 else "fewer"
        claim = f"It repeats {word} often than this rule's false alerts do."
        found.append(Factor("repeats", context.repeat_surprise, surprise, claim, "record", "usual repeats"))
    if context.first_sighting:
        claim = "This rule was never seen on this host before."
        found.append(Factor("first_sighting", 1.0, FIRST_SIGHTING_WEIGHT, claim, "record", "seen pairs"))
    if context.in_burst:
        claim = (
            f"About {context.volume:.0f} events within the hour; up to {context.volume_limit:.0f} is usual for it here."
        )
        found.append(Factor("burst", context.volume, BURST_WEIGHT, claim, "record", "usual volume"))
    return found


def _calibration_factor(shift: float, n: int) -> Factor:
    claim = f"Calibrated on {n} verdicts about earlier scores."
    return Factor("calibration", float(n), shift, claim, "record", "calibration")


def _vetoes(prior: Prior, context: Context) -> list[str]:
    """Return why the alert may not be closed or confirmed without a person."""
    found: list[str] = []
    if prior.rule_n < LEAST_RULE_VERDICTS:
        found.append(f"the rule has fewer than {LEAST_RULE_VERDICTS} verdicts.")
    if context.is_new_pair:
        found.append("this rule is new on this host.")
    if context.new_techniques:
        found.append(f"the technique {context.new_techniques[0]} has no verdict yet.")
    if context.in_burst:
        found.append("this rule fires far more often here than usual.")
    return found
