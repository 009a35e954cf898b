"""verify(): walk the whole chain, name the first entry that does not hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from audit import chain, checkpoints, signing
from audit.chain import Finding, Problem


@dataclass(frozen=True, slots=True)
class Signed:
    """How far signed checkpoints reach: entries 1 to `to_seq`, in `files` files, the last one signed `at`."""

    folder: Path | None = None
    files: int = 0
    to_seq: int = 0
    at: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The result. `entries` counts what was walked: all of them when nothing was found."""

    entries: int
    head_hash: str
    signed: Signed
    finding: Finding | None = None

    @property
    def is_intact(self) -> bool:
        return self.finding is None

    @property
    def unsigned(self) -> int:
        """How many entries at the end are guarded by the chain alone."""
        return max(0, self.entries - self.signed.to_seq)


def verify(folder: Path | None = None, key_folder: Path | None = None) -> Report:
    """Check every entry, the head, and the checkpoints of `folder` (default: the settings' one, where there is one).

    Reads only. A folder that was named and holds no checkpoint is a finding; a default one that never had any is not.
    """
    key_folder = key_folder or settings.CHECKPOINT_KEY_DIR
    keys = signing.trusted_keys(key_folder)
    # Before the first row is read: a checkpoint written meanwhile would seem to vouch for entries not in the snapshot.
    paths = checkpoints.files(folder or settings.CHECKPOINT_DIR)
    noted = checkpoints.last_signed(key_folder)
    walk = _Walk(folder or settings.CHECKPOINT_DIR, paths, keys)
    finding = _nothing_to_go_by(folder, paths, noted) or walk.run() or walk.compare_note(noted)
    return Report(walk.count, walk.previous.hex(), walk.signed(), finding)


def _nothing_to_go_by(folder: Path | None, paths: list[Path], noted: tuple[int, str]) -> Finding | None:
    if paths:
        return None
    if folder is not None:
        return Finding(1, Problem.CHECKPOINT, f"no checkpoint is in {folder}")
    if noted[0]:
        words = f"entries up to {noted[0]} were signed, but no checkpoint is left in {settings.CHECKPOINT_DIR}"
        return Finding(1, Problem.CHECKPOINT, words)
    return None


class _Walk:
    """One pass over the rows with the checkpoints beside them."""

    def __init__(self, folder: Path, paths: list[Path], keys: Mapping[str, Ed25519PublicKey]) -> None:
        self.count = 0
        self.previous = chain.GENESIS
        self._folder = folder
        self._last: checkpoints.Checkpoint | None = None
        self._files = 0
        self._vouched = self._hashes(paths, keys)
        self._head: tuple[int | None, bytes | None] = (None, None)

    def run(self) -> Finding | None:
        """Return the first finding, or None."""
        try:
            return self._rows() or self._end()
        except checkpoints.CheckpointError as problem:
            return Finding(problem.seq, Problem.CHECKPOINT, problem.words)

    def signed(self) -> Signed:
        """Return how far the checkpoints read so far reach."""
        last = self._last
        return Signed(self._folder, self._files, last.to_seq, last.at, last.key) if last else Signed(self._folder)

    def compare_note(self, noted: tuple[int, str]) -> Finding | None:
        """The key's folder remembers the last signature: cutting the newest checkpoints off shows."""
        to_seq, signature = noted
        reached = self._last.to_seq if self._last else 0
        if reached < to_seq:
            words = f"checkpoints up to entry {to_seq} were signed; from this entry on they are gone"
            return Finding(reached + 1, Problem.CHECKPOINT, words)
        if self._last and reached == to_seq and self._last.signature != signature:
            words = f"checkpoint {self._last.name} is not the one that was signed last"
            return Finding(self._last.from_seq, Problem.CHECKPOINT, words)
        return None

    def _rows(self) -> Finding | None:
        row = None
        for row in chain.rows():
            finding = chain.check(row, expected=self.count + 1, previous=self.previous)
            if finding:
                return finding
            vouched = next(self._vouched, None)
            if vouched is not None and vouched != row.hash:
                words = f"it was rewritten: checkpoint {self._name()} signed another hash for it"
                return Finding(row.seq, Problem.REWRITTEN, words)
            self.count, self.previous = row.seq, row.hash
        self._head = (row.head_seq, row.head_hash) if row else chain.head()
        return None

    def _end(self) -> Finding | None:
        if next(self._vouched, None) is not None:
            words = f"it and what followed are missing: checkpoint {self._name()} signed them"
            return Finding(self.count + 1, Problem.MISSING, words)
        seq, value = self._head
        if seq is None or seq < 0:
            return Finding(max(1, self.count), Problem.HEAD_DIFFERS, "the head row is gone")
        if seq > self.count:
            return Finding(self.count + 1, Problem.MISSING, f"it is missing; the head row says {seq} is the last one")
        if seq < self.count:
            return Finding(seq + 1, Problem.HEAD_DIFFERS, f"the head row says {seq} is the last entry")
        if value != self.previous:
            return Finding(max(1, seq), Problem.HEAD_DIFFERS, "the head row holds another hash than this last entry")
        return None

    def _name(self) -> str:
        return self._last.name if self._last else ""

    def _hashes(self, paths: list[Path], keys: Mapping[str, Ed25519PublicKey]) -> Iterator[bytes]:
        for checkpoint in checkpoints.read(paths, keys):
            self._last = checkpoint
            self._files += 1
            yield from checkpoint.hashes
