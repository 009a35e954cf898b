"""manage.py token: `create NAME --kind agent|source --scopes a,b` and `webhook-secret NAME`; text alone on stdout."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Agent, Team
from accounts.services import AccountError, create_agent, create_source, issue_token
from accounts.webhook_secrets import SecretUnreadable, rotate, show
from accounts.webhook_signature import written


class Command(BaseCommand):
    """Issue tokens from the shell of the machine that runs Countersign."""

    help = "Creates a bearer token of an agent or a source; the token is printed once, alone on stdout."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `create NAME --kind --scopes --expires-days --team`."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="create a token, and its agent or source where missing")
        create.add_argument("name")
        create.add_argument("--kind", choices=["agent", "source"], required=True)
        create.add_argument("--scopes", required=True, help="comma-separated, for example actions:propose,actions:read")
        create.add_argument("--expires-days", type=int, default=90)
        create.add_argument("--team", default="soc")
        secret = verbs.add_parser("webhook-secret", help="show the secret that signs callbacks to an agent")
        secret.add_argument("name")
        secret.add_argument("--rotate", action="store_true", help="make a new one; the former signs too for 24 hours")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token's or the secret's text."""
        if options["verb"] == "webhook-secret":
            self.stdout.write(self._webhook_secret(options["name"], is_new=options["rotate"]))
        else:
            self.stdout.write(self._token(options))

    def _webhook_secret(self, name: str, *, is_new: bool) -> str:
        agent = Agent.objects.filter(name=name).first()
        if agent is None:
            raise CommandError(f"There is no agent {name!r}. No secret was made.")
        try:
            return written(rotate(agent=agent) if is_new else show(agent=agent))
        except SecretUnreadable:
            raise CommandError(
                "The secret was stored under another COUNTERSIGN_SECRET_KEY and cannot be read. Use --rotate."
            ) from None

    def _token(self, options: dict[str, Any]) -> str:
        if not 1 <= options["expires_days"] <= 3650:
            raise CommandError("--expires-days must be 1 to 3650. No token was created.")
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"There is no team {options['team']!r}. No token was created.")
        make = create_agent if options["kind"] == "agent" else create_source
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            owner = make(name=options["name"], team=team)
            _, text = issue_token(owner=owner, scopes=scopes, expires_in=dt.timedelta(days=options["expires_days"]))
        except AccountError as error:
            raise CommandError(f"{error}. No token was created.") from error
        return text
