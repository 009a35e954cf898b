"""Mutations that somebody with a superuser's access could make, each with the first number that does not hold."""

import random
from collections.abc import Callable, Sequence

from django.db import connection

Mutation = Callable[["Tamperer"], int]

_RELINK = """
DO $$
DECLARE
    before bytea := coalesce(
        (SELECT hash FROM public.audit_entry WHERE seq < {first} ORDER BY seq DESC LIMIT 1),
        decode(repeat('00', 32), 'hex'));
    entry record;
BEGIN
    FOR entry IN SELECT seq, body FROM public.audit_entry WHERE seq >= {first} ORDER BY seq LOOP
        UPDATE public.audit_entry SET prev_hash = before, hash = sha256(before || convert_to(entry.body::text, 'UTF8'))
        WHERE seq = entry.seq RETURNING hash INTO before;
    END LOOP;
    UPDATE public.audit_head SET (seq, hash) = (SELECT seq, hash FROM public.audit_entry ORDER BY seq DESC LIMIT 1);
END $$
"""


class Tamperer:
    """A session that obeys no trigger; picks rows with a seeded random source. The record has rows 1 to `size`."""

    def __init__(self, size: int, source: random.Random) -> None:
        self.size = size
        self.source = source

    def row(self, first: int = 1, last: int | None = None) -> int:
        return self.source.randint(first, last or self.size)

    def two_rows(self) -> tuple[int, int]:
        low, high = sorted(self.source.sample(range(1, self.size + 1), 2))
        return low, high

    def sql(self, statement: str, values: Sequence[int | str | bytes] = ()) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def relink(self, first: int) -> None:
        """Recompute every hash from `first` on, and the head: what is left is consistent in itself."""
        self.sql(_RELINK.format(first=first))

    def random_hash(self) -> bytes:
        return self.source.randbytes(32)


def edit_reason(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET body = jsonb_set(body, '{reason}', to_jsonb(%s::text)) WHERE seq = %s",
           [f"other {by.source.random()}", row])  # fmt: skip
    return row


def edit_actor(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET body = jsonb_set(body, '{actor,name}', '\"Eve\"') WHERE seq = %s", [row])
    return row


def add_a_field(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET body = body || '{\"extra\": 1}' WHERE seq = %s", [row])
    return row


def drop_a_field(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET body = body - 'before' WHERE seq = %s", [row])
    return row


def edit_time_column(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET at = at + %s * interval '1 microsecond' WHERE seq = %s",
           [by.source.randint(1, 10**9), row])  # fmt: skip
    return row


def edit_copied_column(by: Tamperer) -> int:
    row = by.row()
    column = by.source.choice(
        ["action", "actor_id", "actor_name", "object_id", "object_label", "team_id", "request_id", "search_text"]
    )
    by.sql(f"ALTER TABLE public.audit_entry ALTER COLUMN {column} DROP EXPRESSION")
    by.sql(f"UPDATE public.audit_entry SET {column} = 'forged' WHERE seq = %s", [row])
    return row


def edit_hash(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET hash = %s WHERE seq = %s", [by.random_hash(), row])
    return row


def edit_previous_hash(by: Tamperer) -> int:
    row = by.row()
    by.sql("UPDATE public.audit_entry SET prev_hash = %s WHERE seq = %s", [by.random_hash(), row])
    return row


def flip_one_bit_of_a_hash(by: Tamperer) -> int:
    row, bit = by.row(), by.source.randrange(256)
    by.sql("UPDATE public.audit_entry SET hash = set_bit(hash, %s, 1 - get_bit(hash, %s)) WHERE seq = %s",
           [bit, bit, row])  # fmt: skip
    return row


def delete_one(by: Tamperer) -> int:
    row = by.row()
    by.sql("DELETE FROM public.audit_entry WHERE seq = %s", [row])
    return row


def delete_some(by: Tamperer) -> int:
    low, high = by.two_rows()
    by.sql("DELETE FROM public.audit_entry WHERE seq BETWEEN %s AND %s", [low, high])
    return low


def delete_and_close_the_gap(by: Tamperer) -> int:
    row = by.row()
    by.sql("DELETE FROM public.audit_entry WHERE seq = %s", [row])
    for later in range(row + 1, by.size + 1):
        by.sql("UPDATE public.audit_entry SET seq = seq - 1, body = jsonb_set(body, '{seq}', to_jsonb(seq - 1))"
               " WHERE seq = %s", [later])  # fmt: skip
    if by.size > 1:
        by.relink(row)
    return row


def swap_numbers(by: Tamperer) -> int:
    low, high = by.two_rows()
    for old, new in ((low, 999_999), (high, low), (999_999, high)):
        by.sql("UPDATE public.audit_entry SET seq = %s WHERE seq = %s", [new, old])
    return low


def swap_contents(by: Tamperer) -> int:
    low, high = by.two_rows()
    by.sql("UPDATE public.audit_entry a SET body = b.body FROM public.audit_entry b"
           " WHERE (a.seq, b.seq) IN ((%s, %s), (%s, %s))", [low, high, high, low])  # fmt: skip
    return low


def swap_contents_and_relink(by: Tamperer) -> int:
    low, high = by.two_rows()
    by.sql("UPDATE public.audit_entry a SET body = b.body || jsonb_build_object('seq', a.seq)"
           " FROM public.audit_entry b WHERE (a.seq, b.seq) IN ((%s, %s), (%s, %s))",
           [low, high, high, low])  # fmt: skip
    by.relink(low)
    return low


def rehash_one(by: Tamperer) -> int:
    row = edit_reason(by)
    by.sql("UPDATE public.audit_entry SET hash = sha256(prev_hash || convert_to(body::text, 'UTF8')) WHERE seq = %s",
           [row])  # fmt: skip
    return row


def rehash_the_rest(by: Tamperer) -> int:
    row = edit_reason(by)
    by.relink(row)
    return row


def cut_the_tail(by: Tamperer) -> int:
    row = by.row()
    by.sql("DELETE FROM public.audit_entry WHERE seq >= %s", [row])
    return row


def cut_the_tail_and_move_the_head(by: Tamperer) -> int:
    row = by.row(first=2)
    by.sql("DELETE FROM public.audit_entry WHERE seq >= %s", [row])
    by.relink(row - 1)
    return row


def cut_and_grow_a_new_tail(by: Tamperer) -> int:
    row = edit_reason(by)
    by.sql("DELETE FROM public.audit_entry WHERE seq > %s", [row])
    by.relink(row)
    return row


def move_the_head_back(by: Tamperer) -> int:
    row = by.row(last=by.size - 1)
    by.sql(
        "UPDATE public.audit_head SET (seq, hash) = (SELECT seq, hash FROM public.audit_entry WHERE seq = %s)", [row]
    )
    return row + 1


def move_the_head_on(by: Tamperer) -> int:
    by.sql("UPDATE public.audit_head SET seq = seq + %s", [by.source.randint(1, 9)])
    return by.size + 1


def edit_the_head_hash(by: Tamperer) -> int:
    by.sql("UPDATE public.audit_head SET hash = %s", [by.random_hash()])
    return by.size


def delete_the_head(by: Tamperer) -> int:
    by.sql("DELETE FROM public.audit_head")
    return by.size


def insert_in_between(by: Tamperer) -> int:
    row = by.row()
    for later in range(by.size, row - 1, -1):
        by.sql("UPDATE public.audit_entry SET seq = seq + 1 WHERE seq = %s", [later])
    by.sql("INSERT INTO public.audit_entry (seq, at, body, prev_hash, hash)"
           " SELECT seq - 1, at, body, prev_hash, hash FROM public.audit_entry WHERE seq = %s", [row + 1])  # fmt: skip
    # The copy stands at the original's place and fits there; what was moved up does not.
    return row + 1


def insert_one_number_twice(by: Tamperer) -> int:
    row = by.row()
    by.sql("ALTER TABLE public.audit_entry DROP CONSTRAINT audit_entry_pkey")
    by.sql("INSERT INTO public.audit_entry (seq, at, body, prev_hash, hash)"
           " SELECT seq, at, body, prev_hash, hash FROM public.audit_entry WHERE seq = %s", [row])  # fmt: skip
    return row


def append_behind_the_head(by: Tamperer) -> int:
    by.sql("INSERT INTO public.audit_entry (seq, at, body, prev_hash, hash)"
           " SELECT seq + 1, at, jsonb_set(body, '{seq}', to_jsonb(seq + 1)), hash,"
           " sha256(hash || convert_to(jsonb_set(body, '{seq}', to_jsonb(seq + 1))::text, 'UTF8'))"
           " FROM public.audit_entry WHERE seq = %s", [by.size])  # fmt: skip
    return by.size + 1


def rewrite_everything(by: Tamperer) -> int:
    by.sql("UPDATE public.audit_entry SET body = jsonb_set(body, '{actor,name}', '\"Eve\"')")
    by.relink(1)
    return 1


def empty_the_table(by: Tamperer) -> int:
    by.sql("DELETE FROM public.audit_entry")
    by.sql("UPDATE public.audit_head SET seq = 0, hash = decode(repeat('00', 32), 'hex')")
    return 1


#: In the database. Those of ALONE show without any checkpoint, and with the same number.
ALONE: list[Mutation] = [
    edit_reason, edit_actor, add_a_field, drop_a_field, edit_time_column, edit_copied_column, edit_previous_hash,
    edit_hash, flip_one_bit_of_a_hash, delete_one, delete_some, swap_numbers, swap_contents, rehash_one, cut_the_tail,
    move_the_head_back, move_the_head_on, edit_the_head_hash, delete_the_head, insert_in_between,
    insert_one_number_twice, append_behind_the_head,
]  # fmt: skip
SIGNED_ONLY: list[Mutation] = [
    delete_and_close_the_gap, swap_contents_and_relink, rehash_the_rest, cut_the_tail_and_move_the_head,
    cut_and_grow_a_new_tail, rewrite_everything, empty_the_table,
]  # fmt: skip
