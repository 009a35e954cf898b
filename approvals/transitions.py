"""The legal moves of a pending action: the same table that the database's trigger enforces (a test compares them)."""

from approvals.models import ActionStatus as S

LEGAL: frozenset[tuple[str, str]] = frozenset(
    {
        (S.PROPOSED, S.PENDING),
        (S.PROPOSED, S.REFUSED),
        (S.PENDING, S.APPROVED),
        (S.PENDING, S.REJECTED),
        (S.PENDING, S.EXPIRED),
        (S.PENDING, S.CANCELLED),
        (S.APPROVED, S.EXECUTING),
        (S.APPROVED, S.PENDING),
        (S.APPROVED, S.EXPIRED),
        (S.APPROVED, S.CANCELLED),
        (S.EXECUTING, S.EXECUTED),
        (S.EXECUTING, S.FAILED),
        (S.EXECUTING, S.UNKNOWN),
        (S.UNKNOWN, S.EXECUTED),
        (S.UNKNOWN, S.FAILED),
    }
)
FINAL = frozenset({S.EXECUTED, S.FAILED, S.REJECTED, S.EXPIRED, S.CANCELLED, S.REFUSED})
#: Still able to lead to an effect.
OPEN = frozenset({S.PENDING, S.APPROVED, S.EXECUTING})


class IllegalMove(Exception):
    """A move that is not in the table: a fault of the program, never of the user."""


def check(source: str, destination: str) -> None:
    """Raise IllegalMove unless the table has the move."""
    if (source, destination) not in LEGAL:
        raise IllegalMove(f"no move from {source} to {destination}")
