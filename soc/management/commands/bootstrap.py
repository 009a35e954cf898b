"""`manage.py bootstrap`: the first two administrators of a new installation."""

import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import RegexValidator

from accounts.services import AccountError, bootstrap_administrators
from audit.context import RequestContext, bound

_NAME = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", "letters, digits, dots, dashes and underlines; at most 64"
)


class Command(BaseCommand):
    """Two, because nobody can widen anything alone: not even the first person of an installation."""

    help = "Create the first two administrators. Works once, while there is no administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--admin", action="append", default=[], metavar="NAME", dest="names", help="an administrator's name; twice"
        )
        parser.add_argument(
            "--password-file",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            dest="files",
            help="holds one password on its first line; once for each --admin, in their order (else you are asked)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names: list[str] = options["names"]
        files: list[Path] = options["files"]
        if len(names) != 2 or names[0].lower() == names[1].lower():
            raise CommandError("Name two different people: --admin NAME --admin NAME. Nothing was created.")
        if files and len(files) != len(names):
            raise CommandError("Give --password-file once for each --admin, or not at all. Nothing was created.")
        self._check_names(names)
        passwords = [_read(path) for path in files] if files else [_ask(name) for name in names]
        for name, password in zip(names, passwords, strict=True):
            self._check_password(name, password)
        if passwords[0] == passwords[1]:
            raise CommandError("Two people, two passwords: they are equal. Nothing was created.")
        try:
            with bound(RequestContext(auth_method="command")):
                bootstrap_administrators(passwords=dict(zip(names, passwords, strict=True)))
        except AccountError as error:
            raise CommandError(f"{error} Nothing was created.") from None
        self.stdout.write(
            f"administrators: {names[0]}, {names[1]}. They may configure; they decide nothing by being admin."
        )

    def _check_names(self, names: list[str]) -> None:
        for name in names:
            try:
                _NAME(name)
            except ValidationError as error:
                raise CommandError(f"{name!r} is no account name: {error.messages[0]}. Nothing was created.") from None

    def _check_password(self, name: str, password: str) -> None:
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(f"The password of {name}: {' '.join(error.messages)} Nothing was created.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}. Nothing was created.") from None


def _ask(name: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for passwords: give --password-file. Nothing was created.")
    password = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass(f"Password of {name}, again: ") != password:
        raise CommandError("The two are not the same. Nothing was created.")
    return password
