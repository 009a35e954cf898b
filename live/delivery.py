"""Who gets what: sessions are asked again, then the changes are rendered for those still entitled. In threads."""

from collections.abc import Iterable
from enum import IntEnum

from live.pointers import Pointer
from live.rendering import Message, messages_for
from live.selectors import missed
from live.viewers import Viewer, viewers

#: A session's key and the object types that its page asked for (empty: all).
Seat = tuple[str, frozenset[str]]


class Close(IntEnum):
    """Why a socket ends, as the browser reads it. A page connects again after RESTART and TRY_LATER.

    Daphne's library refuses to send 1008, 1012 and 1013, hence the same numbers among the private codes.
    """

    TOO_MUCH_SENT = 4008
    RESTART = 4012
    TRY_LATER = 4013
    SESSION_ENDED = 4401
    NOT_ALLOWED = 4403


def compose(seats: Iterable[Seat], pointers: list[Pointer], *, again: bool = False) -> dict[Seat, list[Message] | Close]:
    """Return for each seat what to send, or why to close it. Without pointers this only asks the sessions."""
    seats = set(seats)
    people = viewers(key for key, _ in seats)
    made: dict[tuple[object, frozenset[str]], list[Message]] = {}
    answers: dict[Seat, list[Message] | Close] = {}
    for seat in seats:
        key, wanted = seat
        verdict = judge(people.get(key))
        if verdict is not None:
            answers[seat] = verdict
            continue
        user = people[key].user
        if (user.pk, wanted) not in made:
            made[user.pk, wanted] = messages_for(user, pointers, wanted, again=again)
        answers[seat] = made[user.pk, wanted]
    return answers


def judge(viewer: Viewer | None) -> Close | None:
    """Say why this viewer gets nothing, None when they may stay."""
    if viewer is None:
        return Close.SESSION_ENDED
    return None if viewer.may_look else Close.NOT_ALLOWED


def catch_up(seat: Seat, since: int) -> list[Message] | Close:
    """Return what the seat missed since an event, in order."""
    return compose({seat}, missed(since), again=True)[seat]
