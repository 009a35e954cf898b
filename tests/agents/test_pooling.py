"""Several analysts' verdicts as one count: nobody alone decides."""

import pytest

from agents.triage.counts import Verdicts
from agents.triage.engine import LEAST_RULE_VERDICTS
from agents.triage.pooling import CAP, pooled


def test_nobody_gives_nothing() -> None:
    assert pooled([]).n == 0
    assert pooled([Verdicts()]).n == 0


def test_one_analyst_weighs_no_more_than_the_cap() -> None:
    found = pooled([Verdicts(true_n=0, false_n=500)])
    assert found.n == CAP < LEAST_RULE_VERDICTS


@pytest.mark.parametrize(("malicious", "least"), [(0, 0.95), (1, 0.9), (2, 0.85)])
def test_few_of_six_who_call_everything_false_do_not_move_a_true_rule(malicious: int, least: float) -> None:
    honest = [Verdicts(true_n=19, false_n=1) for _ in range(6 - malicious)]
    liars = [Verdicts(true_n=0, false_n=150) for _ in range(malicious)]
    found = pooled([*honest, *liars])
    assert found.true_n / found.n >= least


def test_two_analysts_are_averaged_by_what_they_judged() -> None:
    found = pooled([Verdicts(true_n=2, false_n=0), Verdicts(true_n=0, false_n=6)])
    assert found.true_n == pytest.approx(2)
    assert found.false_n == pytest.approx(6)
