"""`manage.py audit`: words, exit codes, and files that are safe to open."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit import checkpoints, export
from audit.models import Entry

Add = Callable[..., list[int]]
ROOT = Path(__file__).resolve().parent.parent.parent
HOSTILE = {
    "reason": "=cmd|' /C calc'!A0",
    "object_label": "\x1b[2J\x1b]0;owned\x07\nline two",
    "object_id": "\u202egpj.exe",
    "after": {"entries": 1, "format": "+1+1"},
}


def run(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("audit", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def test_verify_says_how_many_entries_and_which_head(db: None, places: Path, add_entries: Add) -> None:
    add_entries(3)
    head = bytes(Entry.objects.get(seq=3).hash).hex()
    out, err = run("verify")
    assert out == f"verified 3 entries, head {head}\n"
    assert err == "checkpoints: none; a rewritten or cut end of the record would not show\n"


def test_verify_says_how_far_the_checkpoints_reach(db: None, places: Path, add_entries: Add) -> None:
    add_entries(3)
    checkpoints.write_due()
    add_entries(1)
    _, err = run("verify", "--checkpoints", str(places))
    assert err.startswith(f"checkpoints: 1 in {places} cover entries 1 to 3 (key ")
    assert err.endswith("; 1 later entries are held by the chain alone\n")


def test_verify_of_a_broken_record_names_the_entry(db: None, places: Path, add_entries: Add) -> None:
    add_entries(3)
    checkpoints.write_due()
    checkpoints.files(places)[0].write_bytes(b"{}")
    with pytest.raises(CommandError, match=r"entry 1: checkpoint 000000000001-000000000003\.json"):
        run("verify")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_exit_codes_are_zero_and_one(service_env: dict[str, str], tmp_path: Path, add_entries: Add) -> None:
    add_entries(2)
    env = {**os.environ, **service_env, "COUNTERSIGN_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "audit", "verify"]
    good = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    bad = subprocess.run(
        [*command, "--checkpoints", str(tmp_path)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (good.returncode, good.stdout[:19]) == (0, "verified 2 entries,")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert f"entry 1: no checkpoint is in {tmp_path}" in bad.stderr


def test_an_export_is_on_the_record_and_not_in_itself(db: None, add_entries: Add) -> None:
    add_entries(2)
    out, _ = run("export", "--format", "jsonl")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [1, 2]
    entry = Entry.objects.get(seq=3)
    assert (entry.action, entry.actor_kind, entry.actor_id) == ("audit.log.exported", "system", "command-line")
    assert entry.body["after"] == {"format": "jsonl", "entries": 2, "upto": 2, "since": "", "until": ""}
    assert entry.body["request"]["auth"] == "command"


def test_an_export_can_be_verified_without_the_database(db: None, add_entries: Add) -> None:
    after = {"entries": 1, "share": 0.1, "tiny": 1e-07, "vast": 1e300, "zero": -0.0, "third": 1 / 3, "many": 2**62}
    add_entries(3, reason='é "quoted" \\ \t \x1f \x7f \u2028', after=after)
    previous = "00" * 32
    for line in run("export")[0].splitlines():
        row = json.loads(line)
        text = json.dumps(row["body"], ensure_ascii=False)
        assert row["prev_hash"] == previous
        assert hashlib.sha256(bytes.fromhex(previous) + text.encode()).hexdigest() == row["hash"]
        previous = row["hash"]


def test_since_and_until_choose_by_time(db: None, add_entries: Add) -> None:
    add_entries(2)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert run("export", "--since", tomorrow)[0] == ""
    assert len(run("export", "--until", tomorrow)[0].splitlines()) == 3
    assert run("export", "--until", "2020-01-01T00:00:00Z")[0] == ""


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "2026-11-24T99:00Z", "\x00"])
def test_a_time_that_is_none_exports_nothing(db: None, add_entries: Add, value: str) -> None:
    add_entries(1)
    with pytest.raises(CommandError):
        run("export", "--since", value)
    assert Entry.objects.count() == 1


def test_csv_holds_neither_formulas_nor_control_characters(db: None, add_entries: Add) -> None:
    add_entries(1, **HOSTILE)
    out, _ = run("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(out.splitlines()) == 2
    assert rows[0]["reason"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["object_label"] == "\\x1b[2J\\x1b]0;owned\\x07\\nline two"
    assert rows[0]["object_id"] == "\\u202egpj.exe"


def test_json_lines_hold_no_control_characters(db: None, add_entries: Add) -> None:
    add_entries(1, **HOSTILE)
    out, _ = run("export")
    assert out.isascii()
    assert all(character.isprintable() for character in out.rstrip("\n"))
    assert json.loads(out)["body"]["object"]["label"] == HOSTILE["object_label"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        ("", ""),
        ("\x9b31m", "\\x9b31m"),
        ("\u2066x", "\\u2066x"),
    ],
)
def test_a_cell_is_shown_and_not_obeyed(text: str, safe: str) -> None:
    assert export.cell(text) == safe
