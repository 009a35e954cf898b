"""Signed checkpoints outside the database: what makes a rewritten chain, or a cut tail, visible.

A checkpoint is one JSON file `<from>-<to>.json` with the hash of every entry in its range, the signature of the file
before it, and an Ed25519 signature over all of that; file and signed bytes are in RFC 8785 form. They are worth as much
as their distance from the database: copy the folder to another machine.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction

from audit import chain, signing

logger = logging.getLogger(__name__)

FORMAT = "countersign-checkpoint/1"
#: Entries in one file, and files in one call: a sweep stays short, a backlog is worked off over several.
MOST_ENTRIES = 5_000
MOST_FILES = 20
LAST = "last.json"
_NAME = re.compile(r"(\d{12,})-(\d{12,})\.json")
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
#: Two writers on one database would sign the same entries twice; the number only has to be ours.
_LOCK = 0x61756469_74636B70


class CheckpointError(Exception):
    """A checkpoint that proves nothing; `seq` is the first entry that it should have vouched for."""

    def __init__(self, seq: int, words: str) -> None:
        super().__init__(words)
        self.seq = seq
        self.words = words


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file, read and checked."""

    name: str
    key: str
    from_seq: int
    to_seq: int
    hashes: tuple[bytes, ...]
    at: str
    signature: str


def files(folder: Path) -> list[Path]:
    """Return the checkpoint files of `folder`, oldest first."""
    found = [path for path in folder.glob("*.json") if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: int(path.name.split("-")[0]))


def read(paths: list[Path], keys: Mapping[str, Ed25519PublicKey]) -> Iterator[Checkpoint]:
    """Yield checkpoints in order. Raises CheckpointError at the first one that does not hold."""
    next_seq, previous = 1, ""
    for path in paths:
        checkpoint = _load(path, keys, next_seq, previous)
        yield checkpoint
        next_seq, previous = checkpoint.to_seq + 1, checkpoint.signature


def last_signed(key_folder: Path) -> tuple[int, str]:
    """Return to_seq and signature of the last checkpoint ever signed here; (0, "") when none is known."""
    try:
        noted = json.loads((key_folder / LAST).read_text(encoding="utf-8"))
        return int(noted["to_seq"]), str(noted["signature"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def write_due() -> int:
    """Sign what is new since the last checkpoint; return how many entries were signed.

    Signs nothing over a chain that does not continue the last checkpoint, and says so in the log.
    """
    folder, key_folder = settings.CHECKPOINT_DIR, settings.CHECKPOINT_KEY_DIR
    with transaction.atomic(durable=True):
        if not _alone():
            return 0
        try:
            key = signing.signing_key(key_folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _write_files(folder, key_folder, key)
        except (CheckpointError, signing.UnusableKeyError, OSError) as error:
            logger.error("audit.checkpoint.refused", extra={"problem": str(error), "folder": str(folder)})  # noqa: TRY400 - the words are the message, a trace adds nothing
            return 0


def _write_files(folder: Path, key_folder: Path, key: Ed25519PrivateKey) -> int:
    last = _newest(folder, key_folder)
    signed = 0
    for _ in range(MOST_FILES):
        hashes = _new_hashes(last)
        if not hashes:
            break
        last = _write(folder, key_folder, key, last, hashes)
        signed += len(hashes)
    return signed


def _newest(folder: Path, key_folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint, its own signature checked; the files before it are verify's business."""
    paths = files(folder)
    noted_seq, _ = last_signed(key_folder)
    if not paths:
        if noted_seq:
            raise CheckpointError(1, f"entries up to {noted_seq} were signed, but {folder} holds no checkpoint")
        return None
    newest = _load(paths[-1], signing.trusted_keys(key_folder), None, None)
    if newest.to_seq < noted_seq:
        raise CheckpointError(newest.to_seq + 1, f"checkpoints up to entry {noted_seq} were signed and are gone")
    return newest


def _new_hashes(last: Checkpoint | None) -> list[bytes]:
    seq, previous = (last.to_seq, last.hashes[-1]) if last else (0, chain.GENESIS)
    head_seq, _ = chain.head()
    if head_seq < seq:
        raise CheckpointError(head_seq + 1, f"entries up to {seq} were signed, but the record ends at {head_seq}")
    hashes: list[bytes] = []
    for row in chain.rows(after=seq, most=MOST_ENTRIES):
        if not hashes and row.seq == seq + 1 and row.prev_hash != previous:
            words = (
                f"entry {row.seq} does not follow entry {seq} as it was signed; `audit verify` names the first bad one"
            )
            raise CheckpointError(row.seq, words)
        finding = chain.check(row, expected=seq + 1, previous=previous)
        if finding:
            raise CheckpointError(finding.seq, f"entry {finding.seq}: {finding.words}")
        seq, previous = row.seq, row.hash
        hashes.append(row.hash)
    return hashes


def _write(
    folder: Path, key_folder: Path, key: Ed25519PrivateKey, last: Checkpoint | None, hashes: list[bytes]
) -> Checkpoint:
    from_seq = last.to_seq + 1 if last else 1
    to_seq = from_seq + len(hashes) - 1
    content: dict[str, Any] = {
        "format": FORMAT,
        "key": signing.key_id(key.public_key()),
        "from_seq": from_seq,
        "to_seq": to_seq,
        "hashes": [value.hex() for value in hashes],
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "previous": last.signature if last else "",
    }
    signature = key.sign(rfc8785.dumps(content)).hex()
    name = f"{from_seq:012d}-{to_seq:012d}.json"
    signing.publish(folder / name, rfc8785.dumps({**content, "signature": signature}), mode=0o644)
    # A crash between the two leaves the note one file behind, which verify allows.
    noted = {"to_seq": to_seq, "file": name, "signature": signature}
    signing.replace(key_folder / LAST, json.dumps(noted).encode(), mode=0o600)
    logger.info("audit.checkpoint.written", extra={"from_seq": from_seq, "to_seq": to_seq})
    return Checkpoint(name, content["key"], from_seq, to_seq, tuple(hashes), content["at"], signature)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _load(path: Path, keys: Mapping[str, Ed25519PublicKey], next_seq: int | None, previous: str | None) -> Checkpoint:
    """Read one file; `next_seq` and `previous` are what the file before it demands, None to take its own word."""
    named_from, named_to = (int(part) for part in path.stem.split("-"))
    first_bad = next_seq or named_from
    content = _parse(path, first_bad)
    signature = str(content.pop("signature", ""))
    key = keys.get(str(content.get("key")))
    if key is None:
        words = f"is signed by key {content.get('key')!s:.64}, which is not among the trusted keys"
        raise CheckpointError(first_bad, f"checkpoint {path.name} {words} ({signing.names(keys)})")
    if not signing.is_signed(rfc8785.dumps(content), signature, key):
        raise CheckpointError(first_bad, f"checkpoint {path.name} has a wrong signature: it was edited")
    if (content["from_seq"], content["to_seq"]) != (named_from, named_to):
        raise CheckpointError(first_bad, f"checkpoint {path.name} holds another range than its name says")
    if next_seq is not None and named_from != next_seq:
        raise CheckpointError(first_bad, f"the checkpoint that begins at entry {next_seq} is missing")
    if previous is not None and content["previous"] != previous:
        raise CheckpointError(first_bad, f"checkpoint {path.name} does not continue the one before it")
    hashes = tuple(bytes.fromhex(value) for value in content["hashes"])
    return Checkpoint(path.name, content["key"], named_from, named_to, hashes, content["at"], signature)


def _parse(path: Path, first_bad: int) -> dict[str, Any]:
    try:
        written = path.read_bytes()
        content = json.loads(written)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(first_bad, f"checkpoint {path.name} cannot be read ({type(error).__name__})") from error
    if not _is_whole(content):
        raise CheckpointError(first_bad, f"checkpoint {path.name} is not a whole {FORMAT} file")
    # One spelling only: no second key, no blank and no capital can hide in a file whose meaning still fits.
    if rfc8785.dumps(content) != written:
        raise CheckpointError(first_bad, f"checkpoint {path.name} is not spelt as it was written: it was edited")
    return dict(content)


def _is_whole(content: object) -> bool:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return False
    numbers, hashes = (content.get("from_seq"), content.get("to_seq")), content.get("hashes")
    return (
        all(type(number) is int and 0 < number < 2**53 for number in numbers)
        and isinstance(hashes, list)
        and len(hashes) == content["to_seq"] - content["from_seq"] + 1 > 0
        and all(isinstance(value, str) and _HASH.fullmatch(value) for value in hashes)
        and all(isinstance(content.get(name), str) for name in ("key", "at", "previous", "signature"))
        and _SIGNATURE.fullmatch(content["signature"]) is not None
    )
