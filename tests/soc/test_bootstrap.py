"""bootstrap: two administrators, once, from files or a terminal, on the record; else nothing at all."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts.models import RoleGrant, User
from accounts.people import roles_of
from audit.models import Entry

pytestmark = pytest.mark.django_db
FIRST, SECOND = "plum-harbour-7-violin", "tin-meadow-4-lantern"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, text in zip(paths, (FIRST, SECOND), strict=True):
        path.write_text(f"{text}\n")
    return [str(path) for path in paths]


def bootstrap(names: tuple[str, ...], files: list[str]) -> str:
    out = StringIO()
    arguments = [part for name in names for part in ("--admin", name)]
    arguments += [part for path in files for part in ("--password-file", path)]
    call_command("bootstrap", *arguments, stdout=out)
    return out.getvalue()


def nothing_happened() -> bool:
    return not User.objects.exists() and not Entry.objects.exists()


def test_two_administrators_are_made_and_recorded(files: list[str]) -> None:
    out = bootstrap(("ada", "grace"), files)
    assert FIRST not in out
    assert SECOND not in out
    for name, password in (("ada", FIRST), ("grace", SECOND)):
        user = authenticate(username=name, password=password)
        assert isinstance(user, User)
        assert roles_of(user) == {"admin"}
        assert not user.is_superuser
    recorded = Entry.objects.order_by("seq").values_list("action", "object_label")
    assert list(recorded) == [
        ("accounts.person.created", "ada"),
        ("accounts.person.created", "grace"),
        ("accounts.role.granted", "ada"),
        ("accounts.role.granted", "grace"),
    ]
    assert {entry.body["request"]["auth"] for entry in Entry.objects.all()} == {"command"}
    assert not any(FIRST in str(entry.body) for entry in Entry.objects.all())


def test_it_works_once(files: list[str]) -> None:
    bootstrap(("ada", "grace"), files)
    with pytest.raises(CommandError, match="administrator already"):
        bootstrap(("eve", "mallory"), files)
    assert RoleGrant.objects.filter(role="admin").count() == 2
    assert not User.objects.filter(username__in=["eve", "mallory"]).exists()


@pytest.mark.parametrize("names", [(), ("ada",), ("ada", "ADA"), ("ada", "grace", "mary")])
def test_other_than_two_different_names_are_refused(names: tuple[str, ...], files: list[str]) -> None:
    with pytest.raises(CommandError, match="two different people"):
        bootstrap(names, files)
    assert nothing_happened()


def test_a_name_that_is_taken_creates_neither(files: list[str]) -> None:
    User.objects.create(username="grace")
    with pytest.raises(CommandError, match="exists already"):
        bootstrap(("ada", "grace"), files)
    assert not User.objects.filter(username="ada").exists()


@pytest.mark.parametrize("name", ["", "a b", "-x", "\u202eada", "x" * 65, "ada\n"])
def test_a_name_that_is_none_is_refused(name: str, files: list[str]) -> None:
    with pytest.raises(CommandError):
        bootstrap((name, "grace"), files)
    assert nothing_happened()


def test_a_weak_password_is_refused_before_anything_is_made(files: list[str]) -> None:
    Path(files[1]).write_text("short\n")
    with pytest.raises(CommandError, match="password of grace"):
        bootstrap(("ada", "grace"), files)
    assert nothing_happened()


def test_two_people_do_not_share_a_password(files: list[str]) -> None:
    with pytest.raises(CommandError, match="two passwords"):
        bootstrap(("ada", "grace"), [files[0], files[0]])
    assert nothing_happened()


def test_a_file_that_cannot_be_read_is_named(files: list[str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        bootstrap(("ada", "grace"), [files[0], str(tmp_path / "missing")])
    assert nothing_happened()


def test_without_files_or_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    with pytest.raises(CommandError, match="password-file"):
        bootstrap(("ada", "grace"), [])
    assert nothing_happened()
