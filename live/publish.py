"""publish(): a durable event now, a pointer to it on commit."""

from functools import partial
from uuid import UUID

from django.db import transaction

from live.models import LiveEvent
from live.pointers import Pointer, send


class NotInTransactionError(RuntimeError):
    """publish() was called outside a transaction: the event could exist without its change."""


def publish(
    *, kind: str, object_type: str, object_id: str | UUID, revision: int, team_id: UUID | str | None = None
) -> int:
    """Insert the event row in the caller's transaction and return its id; web processes hear of it on commit.

    Call it while holding the object's lock and raise `revision` with every change: a page drops what is older
    than what it shows. Redis being away costs nothing but time to reach the page (`live.hub` looks at the rows).
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransactionError(f"publish({kind!r}) belongs into the transaction of the change")
    event = LiveEvent.objects.create(
        kind=kind,
        object_type=object_type,
        object_id=str(object_id),
        revision=revision,
        team_id=UUID(str(team_id)) if team_id else None,
    )
    pointer = Pointer(event.pk, kind, object_type, str(object_id), revision, str(team_id or ""))
    transaction.on_commit(partial(send, pointer), robust=True)
    return int(event.pk)
