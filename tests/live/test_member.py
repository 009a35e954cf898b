"""A socket that reads slowly costs a bounded amount of memory and is brought up to date when it reads again."""

import asyncio

from live.delivery import Close
from live.member import QUEUE_LENGTH, Allowance, Member
from live.pointers import Pointer
from live.rendering import Message


def _message(event: int, revision: int = 1, object_id: str = "b") -> Message:
    return Message(f"event {event}", Pointer(event, "k", "board", object_id, revision))


def _member() -> Member:
    return Member(("session", frozenset()), user_id=1)


async def test_messages_come_in_order() -> None:
    member = _member()
    member.offer([_message(1), _message(2)])
    texts = [message.text for message in (await member.news(), await member.news()) if message]
    assert texts == ["event 1", "event 2"]


async def test_a_full_queue_is_emptied_and_asks_to_catch_up() -> None:
    member = _member()
    for event in range(QUEUE_LENGTH + 1):
        member.offer([_message(event)])
    assert await member.news() is None
    assert member.has_gap
    member.mark_caught_up()
    member.offer([_message(1000)])
    news = await member.news()
    assert news is not None
    assert news.text == "event 1000"


async def test_nothing_that_waits_is_sent_after_the_end() -> None:
    member = _member()
    waiting = asyncio.create_task(member.news())
    await asyncio.sleep(0)
    member.offer([_message(1)])
    member.end(Close.SESSION_ENDED)
    member.end(Close.RESTART)
    assert await waiting is None
    assert member.ending is Close.SESSION_ENDED


async def test_an_older_revision_is_not_sent_after_a_newer_one() -> None:
    member = _member()
    assert not member.is_outdated(_message(5, revision=3))
    assert member.is_outdated(_message(4, revision=2))
    assert not member.is_outdated(_message(3, revision=3))
    assert not member.is_outdated(_message(2, revision=1, object_id="other"))
    assert member.last_event == 5


def test_a_socket_is_sent_so_many_bytes_and_then_waits() -> None:
    allowance = Allowance(at_once=1000, per_second=1)
    allowance.spend(900)
    assert allowance.wait_seconds() == 0
    allowance.spend(3700)
    assert 3500 < allowance.wait_seconds() <= 3600
