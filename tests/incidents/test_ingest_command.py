"""`manage.py ingest` as an operator runs it."""

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import AlertSource
from incidents.models import Alert, IngestBatch, TriageState
from tests.incidents.conftest import beacon

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> tuple[dict[str, int], str, int]:
    """Return what the command printed (JSON), said on stderr, and its exit code."""
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("ingest", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    return json.loads(out.getvalue()), err.getvalue(), code


def lines(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_json_lines_are_read_into_the_source_cli_of_the_team_soc(tmp_path: Path) -> None:
    said, err, code = run(lines(tmp_path / "a.jsonl", beacon("a-1"), beacon("b-1"), beacon("a-1")))
    assert (said, err, code) == ({"read": 3, "created": 2, "duplicates": 1, "rejected": 0}, "", 0)
    source = AlertSource.objects.get()
    assert (source.name, source.team.slug) == ("cli", "soc")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_gzipped_or_not_on_one_line_or_many(tmp_path: Path, packed: bool, indent: int | None) -> None:
    body = json.dumps([beacon("a-1"), beacon("b-1")], indent=indent).encode()
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(body) if packed else body)
    assert run(path)[0] == {"read": 2, "created": 2, "duplicates": 0, "rejected": 0}


def test_one_object_spread_over_lines_is_one_alert(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(beacon(), indent=2))
    assert run(path)[0]["created"] == 1


def test_a_bad_line_is_named_with_its_number_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", beacon("a-1"), "", "{bad", beacon("b-1"), "7")
    said, err, code = run(path)
    assert said == {"read": 4, "created": 2, "duplicates": 0, "rejected": 2}
    assert code == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{path}:3", f"{path}:5"]


def test_a_bad_first_line_does_not_swallow_the_file(tmp_path: Path) -> None:
    said, err, code = run(lines(tmp_path / "a.jsonl", "{bad", beacon("a-1")))
    assert (said["created"], said["rejected"], code) == (1, 1, 1)
    assert ":1: " in err


def test_at_takes_a_member_and_drop_removes_members_before_anything_sees_them(tmp_path: Path) -> None:
    row = {"id": "x", "expected": {"verdict": "tp"}, "alert": {**beacon(), "label": "attack"}}
    said, _, _ = run("--at", "alert", "--drop", "label,expected", lines(tmp_path / "a.jsonl", row, {"id": "y"}))
    assert said == {"read": 2, "created": 1, "duplicates": 0, "rejected": 1}
    raw = Alert.objects.get().payloads.get().raw
    assert json.loads(raw) == beacon()


def test_a_named_source_and_format_are_used(tmp_path: Path) -> None:
    run("--source", "edr", "--format", "generic", lines(tmp_path / "a.jsonl", beacon()))
    assert Alert.objects.get().source.name == "edr"


def test_a_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("ingest", str(tmp_path / "nothing.jsonl"))


def test_more_rows_than_a_batch_become_several_batches(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *[beacon(f"ws-{n}") for n in range(1001)])
    assert run(path)[0]["created"] == 1001
    assert IngestBatch.objects.count() == 3


def test_wait_returns_when_nothing_waits_for_triage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def triaged(seconds: float) -> None:
        IngestBatch.objects.update(triage_state=TriageState.FAILED)

    monkeypatch.setattr("incidents.management.commands.ingest.time.sleep", triaged)
    said, err, code = run("--wait", lines(tmp_path / "a.jsonl", beacon()))
    assert (said["created"], code) == (1, 0)
    assert "1 batches could not be triaged" in err
