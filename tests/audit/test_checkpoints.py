"""Signed checkpoints: written when due, never over a broken record, and worth nothing once touched."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit import chain, checkpoints, signing
from audit.chain import Problem
from audit.verify import verify
from tests.audit.conftest import require_superuser, superuser_url

Add = Callable[..., list[int]]


@pytest.fixture
def two_files(db: None, places: Path, add_entries: Add) -> Path:
    """A record of six entries, signed in two files of three."""
    for _ in range(2):
        add_entries(3)
        checkpoints.write_due()
    return places


def files(folder: Path) -> list[str]:
    return [path.name for path in checkpoints.files(folder)]


def found(folder: Path | None = None) -> tuple[int, Problem, str]:
    finding = verify(folder).finding
    assert finding is not None
    return finding.seq, finding.problem, finding.words


def test_each_file_continues_the_one_before(two_files: Path) -> None:
    first, second = (json.loads((two_files / name).read_text()) for name in files(two_files))
    assert (first["from_seq"], first["to_seq"], second["from_seq"], second["to_seq"]) == (1, 3, 4, 6)
    assert (first["previous"], second["previous"]) == ("", first["signature"])
    assert second["hashes"] == [row.hash.hex() for row in chain.rows(after=3)]


def test_nothing_new_writes_nothing(two_files: Path) -> None:
    assert checkpoints.write_due() == 0
    assert len(files(two_files)) == 2


def test_a_backlog_is_split_and_worked_off(
    db: None, places: Path, add_entries: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST_ENTRIES", 4)
    monkeypatch.setattr(checkpoints, "MOST_FILES", 2)
    add_entries(10)
    assert [checkpoints.write_due() for _ in range(3)] == [8, 2, 0]
    assert [name[8:12] for name in files(places)] == ["0001", "0005", "0009"]


def test_an_intact_record_verifies_and_says_how_far_it_is_signed(two_files: Path, add_entries: Add) -> None:
    add_entries(2)
    report = verify()
    assert report.is_intact
    assert (report.entries, report.signed.files, report.signed.to_seq, report.unsigned) == (8, 2, 6, 2)


def test_an_entry_after_the_files_were_listed_is_no_finding(two_files: Path, add_entries: Add) -> None:
    add_entries(1)
    assert verify().is_intact


def test_the_key_is_private_and_lies_apart_from_the_checkpoints(two_files: Path, settings: Any) -> None:
    keys: Path = settings.CHECKPOINT_KEY_DIR
    assert stat.S_IMODE((keys / signing.SIGNING_KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert keys not in (two_files, *two_files.parents)
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in two_files.iterdir())


def test_a_key_that_others_can_read_signs_nothing(two_files: Path, settings: Any, add_entries: Add) -> None:
    (settings.CHECKPOINT_KEY_DIR / signing.SIGNING_KEY).chmod(0o644)
    add_entries(1)
    assert checkpoints.write_due() == 0
    assert len(files(two_files)) == 2


def test_a_new_key_continues_the_chain_and_the_old_one_stays_trusted(
    two_files: Path, settings: Any, add_entries: Add
) -> None:
    (settings.CHECKPOINT_KEY_DIR / signing.SIGNING_KEY).unlink()
    add_entries(1)
    assert checkpoints.write_due() == 1
    names = {json.loads((two_files / name).read_text())["key"] for name in files(two_files)}
    assert len(names) == 2
    assert verify().is_intact


# --- what an attacker does to the files --------------------------------------------------------


def rewrite(path: Path, **changes: Any) -> None:
    path.write_bytes(rfc8785.dumps({**json.loads(path.read_bytes()), **changes}))


def remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()


def swap(folder: Path) -> None:
    first, second = checkpoints.files(folder)
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def forge_the_second(folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    path = checkpoints.files(folder)[1]
    content = json.loads(path.read_bytes())
    del content["signature"]
    content["key"] = signing.key_id(key.public_key())
    path.write_bytes(rfc8785.dumps({**content, "signature": key.sign(rfc8785.dumps(content)).hex()}))


def forge_under_the_known_id(folder: Path) -> None:
    path = checkpoints.files(folder)[1]
    content = json.loads(path.read_bytes())
    del content["signature"]
    signature = Ed25519PrivateKey.generate().sign(rfc8785.dumps(content)).hex()
    path.write_bytes(rfc8785.dumps({**content, "signature": signature}))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def upper_case_signature(path: Path) -> None:
    rewrite(path, signature=json.loads(path.read_bytes())["signature"].upper())


def add_blank(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def drop_a_hash(path: Path) -> None:
    rewrite(path, hashes=json.loads(path.read_bytes())["hashes"][:-1])


def edit_a_hash(path: Path) -> None:
    rewrite(path, hashes=[*json.loads(path.read_bytes())["hashes"][:-1], "00" * 32])


PROBES: dict[str, tuple[Callable[[Path], object], int]] = {
    "both files swapped": (swap, 1),
    "the first one gone": (lambda folder: remove(checkpoints.files(folder)[:1]), 1),
    "the last one gone": (lambda folder: remove(checkpoints.files(folder)[1:]), 4),
    "all gone": (lambda folder: remove(checkpoints.files(folder)), 1),
    "signed by another key": (forge_the_second, 4),
    "another key's signature under the known id": (forge_under_the_known_id, 4),
    "cut short": (lambda folder: cut_short(checkpoints.files(folder)[1]), 4),
    "empty": (lambda folder: checkpoints.files(folder)[1].write_bytes(b""), 4),
    "no JSON object": (lambda folder: checkpoints.files(folder)[1].write_bytes(b"[]"), 4),
    "nested beyond reason": (lambda folder: checkpoints.files(folder)[1].write_bytes(b"[" * 200_000), 4),
    "not UTF-8": (lambda folder: checkpoints.files(folder)[1].write_bytes(b"\xff\xfe"), 4),
    "trailing blank": (lambda folder: add_blank(checkpoints.files(folder)[1]), 4),
    "signature in capitals": (lambda folder: upper_case_signature(checkpoints.files(folder)[1]), 4),
    "empty signature": (lambda folder: rewrite(checkpoints.files(folder)[1], signature=""), 4),
    "one hash fewer": (lambda folder: drop_a_hash(checkpoints.files(folder)[1]), 4),
    "one hash changed": (lambda folder: edit_a_hash(checkpoints.files(folder)[1]), 4),
    "range off by one": (lambda folder: rewrite(checkpoints.files(folder)[1], from_seq=5), 4),
    "range negative": (lambda folder: rewrite(checkpoints.files(folder)[0], from_seq=-1), 1),
    "previous signature changed": (lambda folder: rewrite(checkpoints.files(folder)[1], previous="00"), 4),
    "time changed": (lambda folder: rewrite(checkpoints.files(folder)[0], at="2020-01-01T00:00:00Z"), 1),
    "another format": (lambda folder: rewrite(checkpoints.files(folder)[0], format="countersign-checkpoint/2"), 1),
    "an extra member": (lambda folder: rewrite(checkpoints.files(folder)[0], note="x"), 1),
    "copied under a later name": (
        lambda folder: shutil.copy(checkpoints.files(folder)[0], folder / "000000000007-000000000009.json"),
        7,
    ),
}


@pytest.mark.parametrize(("tamper", "seq"), PROBES.values(), ids=PROBES.keys())
def test_a_touched_checkpoint_is_named(two_files: Path, tamper: Callable[[Path], object], seq: int) -> None:
    tamper(two_files)
    assert found()[:2] == (seq, Problem.CHECKPOINT)


@pytest.mark.parametrize("probe", ["the last one gone", "all gone", "cut short", "signed by another key"])
def test_nothing_is_signed_over_touched_checkpoints(two_files: Path, add_entries: Add, probe: str) -> None:
    PROBES[probe][0](two_files)
    before = files(two_files)
    add_entries(1)
    assert checkpoints.write_due() == 0
    assert files(two_files) == before


@pytest.mark.django_db(transaction=True)
def test_nothing_is_signed_over_a_rewritten_record(
    places: Path, add_entries: Add, caplog: pytest.LogCaptureFixture
) -> None:
    require_superuser()
    add_entries(3)
    checkpoints.write_due()
    with psycopg.connect(superuser_url(), autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute("UPDATE public.audit_entry SET hash = sha256(hash) WHERE seq = 3")
        administrator.execute("UPDATE public.audit_head SET hash = (SELECT hash FROM public.audit_entry WHERE seq = 3)")
    add_entries(1)
    assert checkpoints.write_due() == 0
    assert len(files(places)) == 1
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["audit.checkpoint.refused"]
    assert caplog.records[-1].__dict__["problem"].startswith("entry 4 does not follow entry 3 as it was signed")


# --- where to look -----------------------------------------------------------------------------


def test_a_foreign_key_is_said_to_be_one(two_files: Path, tmp_path: Path) -> None:
    strangers = tmp_path / "strangers"
    signing.signing_key(strangers)
    finding = verify(two_files, strangers).finding
    assert finding is not None
    assert finding.seq == 1
    assert "not among the trusted keys" in finding.words


def test_a_missing_key_is_said_to_be_missing(two_files: Path, tmp_path: Path) -> None:
    finding = verify(two_files, tmp_path / "nowhere").finding
    assert finding is not None
    assert finding.words.endswith("not among the trusted keys (none)")


def test_a_key_file_under_another_id_is_not_trusted(two_files: Path, tmp_path: Path, settings: Any) -> None:
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for path in settings.CHECKPOINT_KEY_DIR.glob("*.pub"):
        shutil.copy(path, renamed / "0123456789abcdef.pub")
    assert signing.trusted_keys(renamed) == {}


def test_a_copy_elsewhere_verifies_with_the_public_key_alone(two_files: Path, tmp_path: Path, settings: Any) -> None:
    copy, public = tmp_path / "copy", tmp_path / "public"
    shutil.copytree(two_files, copy)
    public.mkdir()
    for path in settings.CHECKPOINT_KEY_DIR.glob("*.pub"):
        shutil.copy(path, public)
    assert verify(copy, public).is_intact


def test_a_named_folder_without_checkpoints_is_a_finding(two_files: Path, tmp_path: Path) -> None:
    assert found(tmp_path / "empty") == (1, Problem.CHECKPOINT, f"no checkpoint is in {tmp_path / 'empty'}")


def test_a_record_that_was_never_signed_verifies_by_its_chain(db: None, places: Path, add_entries: Add) -> None:
    add_entries(3)
    report = verify()
    assert report.is_intact
    assert (report.signed.files, report.unsigned) == (0, 3)


def test_an_empty_record_verifies(db: None, places: Path) -> None:
    report = verify()
    assert report.is_intact
    assert (report.entries, report.head_hash) == (0, "00" * 32)


def test_an_unusable_signing_key_is_named(tmp_path: Path) -> None:
    for number, data in enumerate((b"nonsense", _another_kind_of_key())):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / signing.SIGNING_KEY).write_bytes(data)
        (folder / signing.SIGNING_KEY).chmod(0o600)
        with pytest.raises(signing.UnusableKeyError, match=signing.SIGNING_KEY):
            signing.signing_key(folder)


def _another_kind_of_key() -> bytes:
    return X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
