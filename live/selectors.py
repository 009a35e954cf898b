"""Which events somebody has not seen, exactly: ids are given out in order, transactions commit in any order.

Two kinds of place to go on from. A web process keeps the database snapshot of its last look: what it has not seen
is what was not visible then. A page keeps an id, so its question is answered generously: everything newer, and of
the older what may have been open or on its way at that time. Showing a change twice does no harm, missing one does.
"""

from collections.abc import Iterable

from django.db import connection

from live.models import LiveEvent
from live.pointers import Pointer

#: Seconds that a committed event may be on its way to a page: `hub.LOOK_SECONDS` and a flush, with a margin.
ON_ITS_WAY_SECONDS = 5
#: A page that missed more changes than this loads itself anew.
REPLAY_LIMIT = 500

_COLUMNS = "e.id, e.kind, e.object_type, e.object_id, e.revision, e.team_id"

_UNSEEN_BY_SNAPSHOT = f"""
    SELECT now.snapshot::text, {_COLUMNS}
      FROM (SELECT pg_current_snapshot() AS snapshot) AS now
      LEFT JOIN live_liveevent AS e
        ON e.transaction_id >= %(oldest)s
       AND NOT pg_visible_in_snapshot(e.transaction_id::text::xid8, %(snapshot)s::pg_snapshot)
     ORDER BY e.id
"""  # noqa: S608 (only the column list above is put in)

# Two arms, each on its own index. The second one: whatever was open when an event was written that had certainly
# arrived before `since` did; with no margin, whatever was open when `since` itself was written.
_UNSEEN_BY_ID = f"""
    (SELECT {_COLUMNS} FROM live_liveevent AS e
      WHERE e.id > %(since)s ORDER BY e.id DESC LIMIT %(limit)s)
    UNION
    (SELECT {_COLUMNS} FROM live_liveevent AS e
      WHERE e.id <= %(since)s
        AND e.transaction_id >= COALESCE((
            SELECT earlier.oldest_open_id FROM live_liveevent AS earlier
             WHERE earlier.id <= %(since)s
               AND earlier.at <= COALESCE((SELECT at FROM live_liveevent WHERE id = %(since)s), clock_timestamp())
                               - make_interval(secs => %(margin)s)
             ORDER BY earlier.id DESC LIMIT 1), 0)
        AND (%(margin)s > 0 OR e.transaction_id <> COALESCE(
            (SELECT transaction_id FROM live_liveevent WHERE id = %(since)s), 0))
      ORDER BY e.id DESC LIMIT %(limit)s)
"""  # noqa: S608 (only the column list is put in)


def latest_id() -> int:
    """Return the newest committed event's id, 0 when there is none: what a page has seen when it is rendered."""
    return LiveEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def snapshot_now() -> str:
    """Return the database's present snapshot, the place to go on from for `unseen`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def unseen(snapshot: str) -> tuple[str, list[Pointer]]:
    """Return the present snapshot and, in order of id, every event that became visible after `snapshot`."""
    oldest = int(snapshot.split(":", 1)[0])
    with connection.cursor() as cursor:
        cursor.execute(_UNSEEN_BY_SNAPSHOT, {"oldest": oldest, "snapshot": snapshot})
        rows = cursor.fetchall()
    return str(rows[0][0]), [_pointer(row[1:]) for row in rows if row[1] is not None]


def missed(since: int, *, margin_seconds: float = ON_ITS_WAY_SECONDS) -> list[Pointer]:
    """Return, in order of id, what a page that has seen event `since` may have missed, the newest of each object.

    With a margin the last changes before `since` come again, for they may have been on their way when the page lost
    its socket or was being rendered; without one only those that committed late. At most REPLAY_LIMIT newest events.
    """
    if since > latest_id():
        # From before a restore or of another database: nothing that the page shows can be relied on.
        since = 0
    with connection.cursor() as cursor:
        cursor.execute(_UNSEEN_BY_ID, {"since": since, "margin": margin_seconds, "limit": REPLAY_LIMIT})
        rows = cursor.fetchall()
    return newest_of_each(_pointer(row) for row in rows)


def newest_of_each(pointers: Iterable[Pointer]) -> list[Pointer]:
    """Keep each object's last event, in order of id: a page shows objects as they are now."""
    newest: dict[tuple[str, str], Pointer] = {}
    for pointer in sorted(pointers, key=lambda each: each.event):
        newest[pointer.subject] = pointer
    return sorted(newest.values(), key=lambda each: each.event)


def _pointer(row: tuple[int, str, str, str, int, object]) -> Pointer:
    event, kind, object_type, object_id, revision, team = row
    return Pointer(event, kind, object_type, object_id, revision, str(team or ""))
