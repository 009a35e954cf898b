"""UUIDs of version 7: they sort by time and, inside one batch, by their order in it."""

import datetime as dt
import secrets
import uuid
from collections.abc import Iterator


def ordered_ids(count: int, moment: dt.datetime) -> Iterator[uuid.UUID]:
    """Yield `count` ids, ascending: 48 bits of milliseconds, then a counter from a random start, then chance.

    Lists are keyset-paged by (received_at, id): one batch shares its time, so the ids carry its order, and the
    index grows at one end.
    """
    milliseconds = int(moment.timestamp() * 1000)
    start = secrets.randbits(31)
    for step in range(count):
        counter = start + step
        high = (milliseconds << 16) | 0x7000 | (counter >> 20 & 0xFFF)
        low = (0b10 << 62) | ((counter & 0xFFFFF) << 42) | secrets.randbits(42)
        yield uuid.UUID(int=(high << 64) | low)
