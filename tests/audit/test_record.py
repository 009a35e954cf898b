"""record(): in the change's transaction or not at all, with named fields only."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from audit import actions, chain, context
from audit.actors import SYSTEM
from audit.models import Entry
from audit.services import OutsideTransactionError, record

EXPORTED = "audit.log.exported"


def write(**values: Any) -> Entry:
    given: dict[str, Any] = {"action": EXPORTED, "actor": SYSTEM, "object_type": "thing", "object_id": "1"}
    with transaction.atomic():
        seq = record(**given | values)
    return Entry.objects.get(seq=seq)


@pytest.mark.django_db
def test_an_entry_continues_the_chain() -> None:
    first, second = write(), write()
    assert second.seq == first.seq + 1
    assert bytes(second.prev_hash) == bytes(first.hash)
    assert second.body["seq"] == second.seq


@pytest.mark.django_db
def test_an_unregistered_action_writes_nothing() -> None:
    with pytest.raises(actions.UnregisteredActionError, match=r"audit\.log\.invented"):
        write(action="audit.log.invented")
    assert Entry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused() -> None:
    with pytest.raises(OutsideTransactionError):
        record(action=EXPORTED, actor=SYSTEM, object_type="thing", object_id="1")
    assert Entry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_neither_entry_nor_gap() -> None:
    write()
    _write_or_roll_back(roll_back=True)
    assert write().seq == 2


@pytest.mark.django_db
def test_number_and_time_given_by_the_caller_are_overwritten() -> None:
    forged = '{"action": "a.b", "actor": {"kind": "system", "id": "x"}, "seq": 99, "at": "1999-01-01T00:00:00Z"}'
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.audit_append(%s::jsonb)", [forged])
        seq = cursor.fetchone()[0]
    entry = Entry.objects.get(seq=seq)
    assert entry.body["seq"] == seq != 99
    assert abs(entry.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert entry.body["at"] == entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.django_db
def test_text_that_jsonb_refuses_is_kept_with_a_visible_mark() -> None:
    entry = write(object_id="a\x00b\ud800c", reason="\x00", after={"name": "x\x00y"})
    assert entry.object_id == "a\ufffdb\ufffdc"
    assert entry.body["reason"] == "\ufffd"
    assert entry.body["after"] == {"name": "x\ufffdy"}


@pytest.mark.django_db
def test_long_text_is_cut_and_says_so() -> None:
    entry = write(reason="r" * 10_000, after={"text": "t" * 10_000, "list": list(range(500))})
    assert len(entry.body["reason"]) == 4_000
    assert entry.body["reason"].endswith("… [cut, 10000 characters]")
    assert entry.body["after"]["text"].endswith("… [cut, 10000 characters]")
    assert entry.body["after"]["list"][-1] == "… [cut, 500 items]"


@pytest.mark.django_db
def test_too_much_in_all_is_cut_field_by_field() -> None:
    entry = write(after={f"field{number}": "\U0001f600" * 2_000 for number in range(60)})
    assert entry.body["after"]["field0"] == "… [cut, 2002 characters]"
    assert len(str(entry.body)) < 64_000


@pytest.mark.django_db
def test_values_get_one_json_form() -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=2)))
    number = uuid.uuid4()
    after = {"when": moment, "id": number, "price": Decimal("1.50"), "share": float("nan"), "big": 2**70}
    kept = write(after=after).body["after"]
    assert kept == {
        "when": "2026-11-24T10:00:00Z",
        "id": str(number),
        "price": "1.50",
        "share": "nan",
        "big": str(2**70),
    }


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"password": "x"}, ValueError),
        ({"api_key": "x"}, ValueError),
        ({"two words": 1}, ValueError),
        ({"": 1}, ValueError),
        ({"x": object()}, TypeError),
        ({"x": b"bytes"}, TypeError),
        ({f"f{number}": 1 for number in range(61)}, ValueError),
    ],
)
@pytest.mark.django_db
def test_what_is_no_named_value_is_refused(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        write(after=fields)
    assert Entry.objects.count() == 0


@pytest.mark.django_db
def test_deep_nesting_ends() -> None:
    nested: Any = "end"
    for _ in range(2_000):
        nested = [nested]
    assert "nested too deeply" in str(write(after={"x": nested}).body["after"])


@pytest.mark.django_db
def test_an_entry_carries_request_address_and_method() -> None:
    with context.bound(context.RequestContext(request_id="r1", ip="192.0.2.7")):
        context.set_auth_method("token")
        entry = write()
    assert entry.body["request"] == {"id": "r1", "ip": "192.0.2.7", "auth": "token"}
    assert write().body["request"] == {"id": "", "ip": "", "auth": ""}


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_leave_no_gap_and_one_chain(add_entries: Callable[..., list[int]]) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(25):
                _write_or_roll_back(roll_back=(number + worker) % 3 == 0)
        except BaseException as error:  # noqa: BLE001 - reported by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = sum((number + worker) % 3 != 0 for worker in range(8) for number in range(25))
    assert failures == []
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, kept + 1))
    assert _first_finding() is None


def _write_or_roll_back(*, roll_back: bool) -> None:
    with transaction.atomic():
        record(action=EXPORTED, actor=SYSTEM, object_type="thing", object_id="1")
        transaction.set_rollback(roll_back)


def _first_finding() -> chain.Finding | None:
    previous = chain.GENESIS
    for number, row in enumerate(chain.rows(), start=1):
        finding = chain.check(row, expected=number, previous=previous)
        if finding:
            return finding
        previous = row.hash
    return None
