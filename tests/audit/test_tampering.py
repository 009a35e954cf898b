"""A database administrator changes the record: verify names the first entry that does not hold."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from audit import checkpoints
from audit.chain import Problem
from audit.verify import verify
from soc.supervisor.postgres import ADMIN_ROLE
from tests.audit.conftest import require_superuser
from tests.audit.tampering import ALONE, SIGNED_ONLY, Mutation, Tamperer

SIZE = 40
FILES = 4


@pytest.fixture
def superuser(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connect Django as the superuser for one test; asked for before `db`, so that its transaction is theirs."""
    require_superuser()
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "USER", ADMIN_ROLE)
        yield
        connection.close()


@pytest.fixture
def signed_record(superuser: None, db: None, places: Path, add_entries: Callable[..., list[int]]) -> Path:
    """Write a record of SIZE entries with FILES checkpoints; return the checkpoints' folder."""
    for _ in range(FILES):
        add_entries(SIZE // FILES)
        assert checkpoints.write_due() == SIZE // FILES
    return places


def first_bad(mutation: Mutation, source: random.Random) -> tuple[int, int]:
    """Return (expected, found) numbers; the mutation is undone. Found is 0 when nothing was seen."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        expected = mutation(Tamperer(SIZE, source))
        finding = verify().finding
        transaction.set_rollback(True)
    return expected, finding.seq if finding else 0


@pytest.mark.parametrize("mutation", [*ALONE, *SIGNED_ONLY], ids=lambda mutation: mutation.__name__)
def test_the_first_bad_entry_is_named(signed_record: Path, mutation: Mutation) -> None:
    for seed in range(5):
        expected, found = first_bad(mutation, random.Random(seed))  # noqa: S311 - reproducible, not secret
        assert found == expected, f"seed {seed}"
    assert verify().is_intact


@pytest.mark.parametrize("mutation", ALONE, ids=lambda mutation: mutation.__name__)
def test_the_chain_alone_names_it_too(signed_record: Path, settings: Any, tmp_path: Path, mutation: Mutation) -> None:
    settings.CHECKPOINT_DIR = tmp_path / "none"
    settings.CHECKPOINT_KEY_DIR = tmp_path / "no-keys"
    for seed in range(3):
        expected, found = first_bad(mutation, random.Random(seed))  # noqa: S311
        assert found == expected, f"seed {seed}"


@pytest.mark.slow
def test_two_thousand_random_mutations_are_all_seen(signed_record: Path, tmp_path: Path) -> None:
    source = random.Random(20261124)  # noqa: S311
    kinds: Counter[str] = Counter()
    missed = []
    good = tmp_path / "good"
    shutil.copytree(signed_record, good)
    for number in range(2_000):
        if number % 4:
            mutation = source.choice([*ALONE, *SIGNED_ONLY])
            kind = mutation.__name__
            expected, found = first_bad(mutation, source)
        else:
            kind = "edit_a_file"
            expected, found = edit_a_file_and_verify(signed_record, good, source)
        kinds[kind] += 1
        if found != expected:
            missed.append((number, kind, expected, found))
    assert missed == []
    assert len(kinds) >= 10
    assert verify().is_intact


def edit_a_file(folder: Path, source: random.Random) -> int:
    """Change one byte of one checkpoint file; return the first number it should vouch for."""
    path = source.choice(checkpoints.files(folder))
    data = bytearray(path.read_bytes())
    data[source.randrange(len(data))] ^= source.randint(1, 255)
    path.write_bytes(data)
    return int(path.name.split("-")[0])


def edit_a_file_and_verify(folder: Path, good: Path, source: random.Random) -> tuple[int, int]:
    expected = edit_a_file(folder, source)
    finding = verify().finding
    for path in checkpoints.files(good):
        shutil.copy(path, folder / path.name)
    return expected, finding.seq if finding else 0


def test_what_is_wrong_is_said_in_words(signed_record: Path) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        Tamperer(SIZE, random.Random(1)).sql("DELETE FROM public.audit_entry WHERE seq = 7")  # noqa: S311
        finding = verify().finding
        transaction.set_rollback(True)
    assert finding is not None
    assert (finding.seq, finding.problem) == (7, Problem.MISSING)
    assert finding.words == "it is missing; the next one is 8"
