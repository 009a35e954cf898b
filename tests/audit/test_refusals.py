"""What the serving role, and even the owner, may not do to the record."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from audit.models import Entry
from tests.databases import database_url, own_name

EMPTY_BODY = """'{"action": "a.b", "actor": {"kind": "system", "id": "x"}}'"""
ROW = f"1, now(), {EMPTY_BODY}, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')"
COLUMNS = "(seq, at, body, prev_hash, hash)"

ATTEMPTS = {
    "update": "UPDATE public.audit_entry SET body = '{}'",
    "delete": "DELETE FROM public.audit_entry",
    "truncate": "TRUNCATE public.audit_entry",
    "insert": f"INSERT INTO public.audit_entry (body) VALUES ({EMPTY_BODY})",
    "insert of a whole row": f"INSERT INTO public.audit_entry {COLUMNS} VALUES ({ROW})",
    "copy": "COPY public.audit_entry (body) FROM STDIN",
    "merge": f"""MERGE INTO public.audit_entry USING (SELECT 1) one ON false
                 WHEN NOT MATCHED THEN INSERT (body) VALUES ({EMPTY_BODY})""",
    "alter table": "ALTER TABLE public.audit_entry ADD COLUMN note text",
    "disable triggers": "ALTER TABLE public.audit_entry DISABLE TRIGGER ALL",
    "disable one trigger": "ALTER TABLE public.audit_entry DISABLE TRIGGER audit_entry_keeps",
    "drop trigger": "DROP TRIGGER audit_entry_keeps ON public.audit_entry",
    "own trigger": """CREATE TRIGGER mine BEFORE INSERT ON public.audit_entry
                      FOR EACH ROW EXECUTE FUNCTION public.audit_refuse()""",
    "rule": "CREATE RULE mine AS ON INSERT TO public.audit_entry DO INSTEAD NOTHING",
    "drop table": "DROP TABLE public.audit_entry",
    "rename table": "ALTER TABLE public.audit_entry RENAME TO gone",
    "take the table": "ALTER TABLE public.audit_entry OWNER TO CURRENT_USER",
    "replace the function": """CREATE OR REPLACE FUNCTION public.audit_append(entry jsonb) RETURNS bigint
                               LANGUAGE sql AS 'SELECT 1::bigint'""",
    "drop the function": "DROP FUNCTION public.audit_append(jsonb)",
    "change the function": "ALTER FUNCTION public.audit_append(jsonb) SET search_path = pg_temp, public",
    "head update": "UPDATE public.audit_head SET seq = 0",
    "head delete": "DELETE FROM public.audit_head",
    "head insert": "INSERT INTO public.audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'))",
    "head truncate": "TRUNCATE public.audit_head",
    "head lock that stops everybody": "SELECT * FROM public.audit_head FOR UPDATE",
    "table lock that stops everybody": "BEGIN; LOCK TABLE public.audit_entry IN ACCESS EXCLUSIVE MODE",
    "become the owner": "SET ROLE countersign_owner",
    "become the owner in the session": "SET SESSION AUTHORIZATION countersign_owner",
    "replication role": "SET session_replication_role = replica",
    "replication role by function": "SELECT set_config('session_replication_role', 'replica', false)",
    "create in public": "CREATE TABLE public.mine (x int)",
    "function in public": "CREATE FUNCTION public.now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "create a schema": "CREATE SCHEMA mine",
    "temporary table that shadows": "CREATE TEMP TABLE audit_head (singleton boolean, seq bigint, hash bytea)",
    "create a role": "CREATE ROLE mine SUPERUSER",
    "run a program": "COPY (SELECT 1) TO PROGRAM 'true'",
}


@pytest.fixture
def serving(db: None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url(own_name(), "COUNTERSIGN_DATABASE_URL"), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_the_serving_role_is_refused(serving: psycopg.Connection, attempt: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        serving.execute(attempt)


def test_no_session_setting_opens_the_record(serving: psycopg.Connection) -> None:
    for setting in ("pgtrigger.ignore", "row_security", "search_path"):
        serving.execute("SELECT set_config(%s, %s, false)", [setting, "off" if setting == "row_security" else "{all}"])
    with pytest.raises(InsufficientPrivilege):
        serving.execute(ATTEMPTS["update"])


def test_a_grant_to_oneself_gives_nothing(serving: psycopg.Connection) -> None:
    serving.execute("GRANT ALL ON public.audit_entry TO CURRENT_USER")  # PostgreSQL only warns
    with pytest.raises(InsufficientPrivilege):
        serving.execute(ATTEMPTS["insert"])


def test_what_is_no_entry_is_refused(serving: psycopg.Connection) -> None:
    for body in ("{}", "[]", '"x"', '{"action": "a.b"}', '{"action": "a.b", "actor": {"kind": "king", "id": "1"}}'):
        with pytest.raises(psycopg.errors.CheckViolation):
            serving.execute("SELECT public.audit_append(%s::jsonb)", [body])
    assert serving.execute("SELECT count(*) FROM public.audit_entry").fetchone() == (0,)
    assert serving.execute("SELECT seq FROM public.audit_head").fetchone() == (0,)


OWNER_ATTEMPTS = {
    name: ATTEMPTS[name] for name in ("update", "delete", "truncate", "head update", "head delete", "head truncate")
} | {"insert of a head": "INSERT INTO public.audit_head (seq, hash) SELECT 9, hash FROM public.audit_head"}


@pytest.mark.django_db(transaction=True)
def test_the_triggers_refuse_the_owner_too(
    owner_connection: psycopg.Connection, add_entries: Callable[..., list[int]]
) -> None:
    add_entries(3)
    owner_connection.execute("SELECT set_config('pgtrigger.ignore', '{all}', false)")
    for attempt in OWNER_ATTEMPTS.values():
        with pytest.raises(InsufficientPrivilege):
            owner_connection.execute(attempt)
    assert Entry.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_insert_by_the_owner_is_chained_like_any_other(
    owner_connection: psycopg.Connection, add_entries: Callable[..., list[int]]
) -> None:
    add_entries(2)
    row = ROW.replace("1, now()", "700, now()")
    owner_connection.execute(f"INSERT INTO public.audit_entry {COLUMNS} VALUES ({row})")
    last = Entry.objects.order_by("-seq")[0]
    assert last.seq == last.body["seq"] == 3
    assert bytes(last.prev_hash) == bytes(Entry.objects.get(seq=2).hash)


@pytest.mark.django_db(transaction=True)
def test_a_shadowing_table_of_the_owner_changes_nothing(
    owner_connection: psycopg.Connection, add_entries: Callable[..., list[int]]
) -> None:
    add_entries(1)
    owner_connection.execute(
        "CREATE TEMP TABLE audit_head AS SELECT true AS singleton, 41::bigint AS seq, ''::bytea AS hash"
    )
    owner_connection.execute("CREATE TEMP TABLE audit_entry (LIKE public.audit_entry)")
    owner_connection.execute("SET search_path = pg_temp, public")
    seq = owner_connection.execute(f"SELECT public.audit_append({EMPTY_BODY})").fetchone()
    assert seq == (2,)
    assert Entry.objects.count() == 2
