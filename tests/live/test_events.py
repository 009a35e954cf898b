"""The durable rows: written with the change, found again whatever the order of commits."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from live import retention, sweep
from live.models import LiveEvent
from live.publish import NotInTransactionError, publish
from live.selectors import latest_id, missed, snapshot_now, unseen
from tests.databases import database_url, own_name

INSERT = """INSERT INTO live_liveevent (kind, object_type, object_id, revision)
            VALUES ('k', 'board', %s, 1) RETURNING id"""


def _publish(object_id: str = "b", revision: int = 1) -> int:
    with transaction.atomic():
        return publish(kind="board.changed", object_type="board", object_id=object_id, revision=revision)


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_the_transaction_of_the_change_is_refused() -> None:
    with pytest.raises(NotInTransactionError):
        publish(kind="board.changed", object_type="board", object_id="b", revision=1)
    assert LiveEvent.objects.count() == 0


@pytest.mark.django_db
def test_an_event_holds_a_pointer_and_no_content() -> None:
    team, item = uuid4(), uuid4()
    event = publish(kind="action.decided", object_type="action", object_id=item, revision=7, team_id=team)
    row = LiveEvent.objects.get()
    assert (row.id, row.kind, row.object_type, row.object_id) == (event, "action.decided", "action", str(item))
    assert (row.revision, row.team_id) == (7, team)
    assert latest_id() == event


@pytest.mark.django_db
def test_the_serving_role_may_not_rewrite_an_event() -> None:
    publish(kind="board.changed", object_type="board", object_id="b", revision=1)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        LiveEvent.objects.update(revision=2)


@pytest.mark.django_db(transaction=True)
def test_a_process_is_told_of_every_event_once_however_late_it_commits() -> None:
    url = database_url(own_name(), "COUNTERSIGN_DATABASE_URL")
    with psycopg.connect(url) as slow, psycopg.connect(url) as undone:
        start = snapshot_now()
        late = slow.execute(INSERT, ["late"]).fetchone()[0]  # type: ignore[index]
        undone.execute(INSERT, ["undone"])
        quick = _publish("quick")
        first, told = unseen(start)
        assert [pointer.event for pointer in told] == [quick]
        undone.rollback()
        slow.commit()
        second, told = unseen(first)
        assert [pointer.event for pointer in told] == [late]
        assert late < quick
        assert unseen(second)[1] == []


@pytest.mark.django_db(transaction=True)
def test_a_page_is_given_what_committed_behind_its_back() -> None:
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_URL")) as slow:
        late = slow.execute(INSERT, ["late"]).fetchone()[0]  # type: ignore[index]
        seen = _publish("seen")
        assert missed(seen, margin_seconds=0) == []
        slow.commit()
    assert [pointer.event for pointer in missed(seen, margin_seconds=0)] == [late]
    newer = _publish("newer")
    assert [pointer.event for pointer in missed(seen, margin_seconds=0)] == [late, newer]
    assert missed(newer, margin_seconds=0) == []


@pytest.mark.django_db(transaction=True)
def test_what_may_have_been_on_its_way_is_given_again_and_older_things_are_not() -> None:
    oldest, old, recent, seen = (_publish(name) for name in ("oldest", "old", "recent", "seen"))
    _move_back(oldest, minutes=6)
    _move_back(old, minutes=5)
    again = [pointer.event for pointer in missed(seen)]
    assert again[-2:] == [recent, seen]
    assert oldest not in again


@pytest.mark.django_db(transaction=True)
def test_an_id_from_before_a_restore_is_answered_with_everything() -> None:
    events = [_publish(str(number)) for number in range(3)]
    assert [pointer.event for pointer in missed(10**9)] == events
    assert [pointer.event for pointer in missed(0)] == events


@pytest.mark.django_db(transaction=True)
def test_of_each_object_the_newest_event_counts() -> None:
    seen = _publish("a", 1)
    _publish("a", 2)
    newest, other = _publish("a", 3), _publish("b", 1)
    assert [(pointer.event, pointer.revision) for pointer in missed(seen, margin_seconds=0)] == [
        (newest, 3),
        (other, 1),
    ]


@pytest.mark.django_db(transaction=True)
def test_events_of_last_week_are_forgotten_and_the_newest_is_kept() -> None:
    events = [_publish(str(number)) for number in range(3)]
    _move_back(events[0], minutes=60 * 24 * 8)
    assert retention.prune() == 1
    assert list(LiveEvent.objects.order_by("id").values_list("id", flat=True)) == events[1:]
    _move_back(events[2], minutes=60 * 24 * 8)
    assert retention.prune() == 0
    assert sweep.SWEEPS["live.prune"].function is retention.prune


def _move_back(event: int, *, minutes: int) -> None:
    """Let an event have happened earlier. Only the owner may write that; its sessions see committed rows only."""
    at = timezone.now() - timedelta(minutes=minutes)
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute("UPDATE live_liveevent SET at = %s WHERE id = %s", [at, event])
    assert connection.is_usable()
