"""Log-ins and log-outs go on the record; allauth and Django announce them by signals only."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver

from accounts.models import User
from accounts.people import actor_of
from audit.actors import SYSTEM
from audit.services import record


@receiver(user_logged_in)
def log_in(sender: Any, user: User, **_: Any) -> None:
    """Record a log-in."""
    with transaction.atomic():
        record(
            action="accounts.session.started",
            actor=actor_of(user),
            object_type="person",
            object_id=str(user.person_id),
            object_label=user.username,
        )


@receiver(user_logged_out)
def log_out(sender: Any, user: User | None, **_: Any) -> None:
    """Record a log-out; an expired session has no user any more."""
    if user is None:
        return
    with transaction.atomic():
        record(
            action="accounts.session.ended",
            actor=actor_of(user),
            object_type="person",
            object_id=str(user.person_id),
            object_label=user.username,
        )


@receiver(user_login_failed)
def fail_log_in(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """Record a failed log-in under the name that was typed."""
    with transaction.atomic():
        record(
            action="accounts.session.failed",
            actor=SYSTEM,
            object_type="account",
            object_id="",
            object_label=str(credentials.get("username") or "")[:150],
        )
