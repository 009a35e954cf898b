"""What others do about a move of an action, in its transaction; filled in ready()."""

from collections.abc import Callable

from approvals.models import PendingAction

#: Called after the action has come to another status, before the audit entry: no network, no waiting.
on_moved: list[Callable[[PendingAction], None]] = []
