"""Who gets what: sessions are asked again, then the changes are rendered for those still entitled. In threads."""

from collections.abc import Callable, Iterable
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


#: What a seat gets: messages in order, or the reason to close it.
Answer = list[Message] | Close


def compose(
    seats: Iterable[Seat], pointers: list[Pointer], hand_over: Callable[[Seat, Answer], None], *, again: bool = False
) -> None:
    """Hand over for each seat what to send, or why to close it, as soon as it is known.

    Nobody waits for the rendering of those who come after. Without pointers this only asks the sessions.
    """
    seats = set(seats)
    people = viewers(key for key, _ in seats)
    made: dict[tuple[object, frozenset[str]], list[Message]] = {}
    for seat in seats:
        key, wanted = seat
        verdict = judge(people.get(key))
        if verdict is not None:
            hand_over(seat, verdict)
            continue
        user = people[key].user
        if (user.pk, wanted) not in made:
            made[user.pk, wanted] = messages_for(user, pointers, wanted, again=again)
        hand_over(seat, made[user.pk, wanted])


def judge(viewer: Viewer | None) -> Close | None:
    """Say why this viewer gets nothing, None when they may stay."""
    if viewer is None:
        return Close.SESSION_ENDED
    return None if viewer.may_look else Close.NOT_ALLOWED


def catch_up(seat: Seat, since: int) -> Answer:
    """Return what the seat missed since an event, in order."""
    answers: dict[Seat, Answer] = {}
    compose({seat}, missed(since), answers.__setitem__, again=True)
    return answers[seat]
