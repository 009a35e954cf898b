"""`manage.py evaluate`: from files to figures, without any database."""

import gzip
import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

CONTRACT = {
    "n", "confusion", "precision", "recall", "f1", "macro_f1", "auc", "average_precision", "brier", "ece",
    "calibration_bins", "abstention_rate", "auto_share", "auto_accuracy", "attacks_auto_closed", "alerts_per_second",
    "baseline",
}  # fmt: skip
DATA = Path(os.environ.get("COUNTERSIGN_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SCENARIOS = ("harrison", "wardbeck", "wheeler", "wilson")


def row(number: int, verdict: str, *, rule: str = "r1", minute: int | None = None, **expected: Any) -> dict[str, Any]:
    moment = 1_700_000_000 + 60 * (number if minute is None else minute)
    return {
        "id": f"row:{number}",
        "alert": {
            "format": "x/meta",
            "rule": {"id": rule, "title": f"Rule {rule}"},
            "event": {"time": moment, "last": moment, "host": "web", "ips": ["10.0.0.1"], "count": 1},
        },
        "expected": {"verdict": verdict, **expected},
    }


def written(path: Path, rows: list[dict[str, Any]], *, zipped: bool = False) -> Path:
    text = "".join(json.dumps(item) + "\n" for item in rows).encode()
    path.write_bytes(gzip.compress(text) if zipped else text)
    return path


def report(*args: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("evaluate", *map(str, args), stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_report_has_every_figure_of_the_contract(tmp_path: Path) -> None:
    labelled = [row(n, "true_positive" if n % 3 == 0 else "benign") for n in range(9)]
    found = report(written(tmp_path / "a.jsonl", labelled))
    assert set(found) >= CONTRACT
    assert set(found["baseline"]) >= CONTRACT - {"alerts_per_second", "baseline"}
    assert found["n"] == 9
    assert sum(found["confusion"]["false_positive"].values()) == 6


def test_training_verdicts_decide_and_gzip_is_read(tmp_path: Path) -> None:
    train = [row(n, "true_positive" if n % 2 else "false_positive", rule=f"r{n % 2}", minute=n * 30) for n in range(60)]
    test = [
        row(n, "true_positive" if n % 2 else "false_positive", rule=f"r{n % 2}", minute=5000 + n) for n in range(10)
    ]
    taught = report("--train", written(tmp_path / "t.gz", train, zipped=True), written(tmp_path / "a.jsonl", test))
    untaught = report(tmp_path / "a.jsonl")
    assert taught["auc"] == 1.0
    assert untaught["auc"] < 1.0
    assert taught["trained_on"] == 60


def test_prequential_learns_each_row_after_judging_it(tmp_path: Path) -> None:
    labelled = [row(n, "true_positive", minute=n * 90) for n in range(20)]
    path = written(tmp_path / "a.jsonl", labelled)
    assert report("--prequential", path)["brier"] < report(path)["brier"]


def test_label_is_invisible_to_the_engine(tmp_path: Path) -> None:
    truth = [row(n, "true_positive") for n in range(4)]
    lie = [row(n, "false_positive") for n in range(4)]
    first, second = report(written(tmp_path / "a", truth)), report(written(tmp_path / "b", lie))
    assert first["confusion"]["true_positive"] == second["confusion"]["false_positive"]


def test_severity_and_technique_are_judged_where_labelled(tmp_path: Path) -> None:
    labelled = [row(0, "true_positive", severity="medium", techniques=["T1059.001"]), row(1, "true_positive")]
    found = report(written(tmp_path / "a", labelled))
    assert found["severity_accuracy"]["n"] == 1
    assert found["technique_accuracy"] == {"n": 1, "accuracy": 0.0}


@pytest.mark.parametrize("line", ["{", "[]", '{"alert": {}, "expected": {"verdict": "maybe"}}'])
def test_bad_row_is_named_by_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(row(0, "benign")) + "\n" + line + "\n")
    with pytest.raises(CommandError, match=r"bad\.jsonl:2"):
        report(path)


def test_missing_file_and_missing_engine_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.jsonl"):
        report(tmp_path / "nowhere.jsonl")
    with pytest.raises(CommandError, match="claude"):
        report("--engine", "claude", tmp_path / "nowhere.jsonl")


def scenario(name: str) -> Path:
    path = DATA / "streams" / f"ait_meta_{name}.jsonl.gz"
    if not path.exists():
        message = f"real data not found: {path.name} (COUNTERSIGN_TEST_DATA)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.mark.slow
def test_real_scenario_taught_by_four_others_reaches_its_aims() -> None:
    training = [part for name in SCENARIOS for part in ("--train", scenario(name))]
    found = report(*training, scenario("russellmitchell"))
    assert found["auc"] >= 0.98
    assert found["macro_f1"] >= found["baseline"]["macro_f1"]
    assert found["ece"] <= 0.01
    shown = {
        name: sum(truth[name] for truth in found["confusion"].values()) for name in found["confusion"]["true_positive"]
    }
    assert all(shown.values())


@pytest.mark.slow
def test_dns_rule_that_was_benign_elsewhere_is_kept_out_of_the_closing_band() -> None:
    others = ("russellmitchell", "wardbeck", "wheeler", "wilson")
    training = [part for name in others for part in ("--train", scenario(name))]
    found = report(*training, scenario("harrison"))
    assert found["baseline"]["attacks_auto_closed"] > 2_000
    assert found["attacks_auto_closed"] <= 15


@pytest.mark.slow
def test_real_alerts_without_any_verdict_beat_the_published_run() -> None:
    path = DATA / "triage" / "rieger_wazuh_178.jsonl.gz"
    if not path.exists():
        scenario("russellmitchell")
    found = report(path)
    assert found["recall"]["true_positive"] >= 0.93
    assert found["false_positive_rate"] <= 0.34
    assert found["precision"]["true_positive"] >= 0.75
