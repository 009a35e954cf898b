"""Why a call was not done. Each carries a code for programs and words for people: what did not happen, what to do."""

from typing import Any

from approvals.models import PendingAction


class NotVisible(Exception):
    """There is no such action for this viewer."""


class WrongFields(Exception):
    """Fields that cannot be taken; `errors` is [{"field", "error"}]. Nothing was stored."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{item['field']}: {item['error']}" for item in errors))
        self.errors = errors


class NotAllowed(Exception):
    """This person may not do this to this action, and `code` says why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class MovedOn(Exception):
    """The action is no longer what was on screen; `action` is how it stands now."""

    def __init__(self, action: PendingAction, code: str, words: str) -> None:
        super().__init__(words)
        self.action = action
        self.code = code
        self.words = words


class KeyReused(Exception):
    """The idempotency key belongs to another body."""


class TooMany(Exception):
    """The agent's request rate or its cap of open items."""

    def __init__(self, words: str, retry_after: int) -> None:
        super().__init__(words)
        self.words = words
        self.retry_after = retry_after
