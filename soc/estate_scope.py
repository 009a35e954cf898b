"""Whose effects on the simulated estate a person sees: those of the actions that they see."""

from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from accounts.models import User
from approvals.models import PendingAction
from integrations.hooks import visible_keys


def keys_visible_to(user: User) -> QuerySet[Any, Any]:
    """Return the idempotency keys of the person's actions: an effect's key is its action's id."""
    return PendingAction.objects.for_user(user).annotate(key=Cast("pk", CharField())).values("key")


def register_scope() -> None:
    """Called once by the app's ready()."""
    visible_keys.append(keys_visible_to)
