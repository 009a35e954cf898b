"""The figures of an evaluation on small cases whose answers are known by hand."""

import pytest

from agents.evaluate.metrics import (
    Scored,
    auc,
    automatic,
    average_precision,
    calibration,
    confusion,
    figures,
    two_class,
)


def rows(*scores: tuple[float, bool], shown: str = "suspicious", vetoed: bool = False) -> list[Scored]:
    return [Scored(probability, vetoed, shown, is_true) for probability, is_true in scores]


def test_auc_of_a_perfect_and_of_an_inverted_order() -> None:
    assert auc(rows((0.1, False), (0.9, True))) == 1.0
    assert auc(rows((0.9, False), (0.1, True))) == 0.0


def test_tied_scores_share_their_ranks() -> None:
    assert auc(rows((0.5, False), (0.5, True), (0.5, True))) == 0.5
    assert auc(rows((0.2, False), (0.5, False), (0.5, True), (0.9, True))) == pytest.approx(3.5 / 4)


def test_auc_needs_both_classes() -> None:
    assert auc(rows((0.5, True))) is None
    assert average_precision(rows((0.5, False))) is None


def test_average_precision_steps_over_distinct_thresholds() -> None:
    ordered = rows((0.9, True), (0.8, False), (0.7, True))
    assert average_precision(ordered) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert average_precision(rows((0.5, True), (0.5, False))) == 0.5


def test_calibration_error_weighs_bins_by_their_rows() -> None:
    found = calibration(rows((0.05, False), (0.05, False), (0.95, True), (1.0, False)))
    assert found["ece"] == pytest.approx((2 * 0.05 + 2 * abs(0.975 - 0.5)) / 4, abs=1e-4)
    assert len(found["calibration_bins"]) == 10
    assert found["calibration_bins"][9]["n"] == 2


def test_automatic_band_leaves_out_vetoed_and_undecided_rows() -> None:
    band = rows((0.02, False), (0.01, True), (0.95, True), (0.5, True)) + rows((0.01, True), vetoed=True)
    assert automatic(band) == {"auto_share": 0.6, "auto_accuracy": 0.6667, "attacks_auto_closed": 1}


def test_two_class_figures_at_a_half() -> None:
    found = two_class(rows((0.5, True), (0.6, False), (0.4, True), (0.1, False)))
    assert found["precision"]["true_positive"] == 0.5
    assert found["recall"]["true_positive"] == 0.5
    assert found["macro_f1"] == 0.5
    assert found["false_positive_rate"] == 0.5


def test_confusion_is_of_what_people_are_shown() -> None:
    table = confusion(rows((0.9, True), shown="true_positive") + rows((0.3, True), (0.3, False)))
    assert table["true_positive"] == {"true_positive": 1, "false_positive": 0, "suspicious": 1}
    assert table["false_positive"]["suspicious"] == 1


def test_no_rows_give_no_figures_instead_of_an_error() -> None:
    empty = figures([])
    assert empty["n"] == 0
    assert empty["auc"] is None
    assert empty["attacks_auto_closed"] == 0
