"""record(): the audit entry of a change, in the change's own transaction."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from audit import actions, body, context
from audit.actors import Actor


class OutsideTransactionError(RuntimeError):
    """record() was called where the change it describes could commit without it."""


def record(
    *,
    action: str,
    actor: Actor,
    object_type: str,
    object_id: str,
    object_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    team_id: str = "",
) -> int:
    """Append one entry to the chain and return its sequence number.

    Call it as the last statement of the transaction: it locks the head of the chain until the commit, so what
    comes after it makes every other writer wait. `before` and `after` hold named fields only.
    Raises UnregisteredActionError, OutsideTransactionError; ValueError or TypeError for a field that is no named value.
    """
    actions.require(action)
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"{action}: an entry belongs in the transaction of its change")
    entry = body.build(
        action=action,
        actor=actor,
        object_type=object_type,
        object_id=str(object_id),
        object_label=object_label,
        before=before,
        after=after,
        reason=reason,
        team_id=str(team_id),
        origin=context.current(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.audit_append(%s::jsonb)", [json.dumps(entry, ensure_ascii=False)])
        return int(cursor.fetchone()[0])
