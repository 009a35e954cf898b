"""The chain: two tables, one append function, triggers that refuse everything else.

Plain SQL on purpose: triggers of django-pgtrigger can be switched off by any role with a session setting.
"""

from typing import ClassVar

from django.db import migrations, models

TABLES = """
CREATE TABLE public.audit_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seq bigint NOT NULL CHECK (seq >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO public.audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE public.audit_entry (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    at timestamptz NOT NULL,
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object' AND octet_length(body::text) <= 262144),
    prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    action text NOT NULL GENERATED ALWAYS AS (coalesce(body->>'action', '')) STORED CHECK (action <> ''),
    actor_kind text NOT NULL GENERATED ALWAYS AS (coalesce(body->'actor'->>'kind', '')) STORED
        CHECK (actor_kind IN ('person', 'agent', 'source', 'system')),
    actor_id text NOT NULL GENERATED ALWAYS AS (coalesce(body->'actor'->>'id', '')) STORED CHECK (actor_id <> ''),
    actor_name text NOT NULL GENERATED ALWAYS AS (coalesce(body->'actor'->>'name', '')) STORED,
    object_type text NOT NULL GENERATED ALWAYS AS (coalesce(body->'object'->>'type', '')) STORED,
    object_id text NOT NULL GENERATED ALWAYS AS (coalesce(body->'object'->>'id', '')) STORED,
    object_label text NOT NULL GENERATED ALWAYS AS (coalesce(body->'object'->>'label', '')) STORED,
    team_id text NOT NULL GENERATED ALWAYS AS (coalesce(body->>'team_id', '')) STORED,
    request_id text NOT NULL GENERATED ALWAYS AS (coalesce(body->'request'->>'id', '')) STORED,
    search_text text NOT NULL GENERATED ALWAYS AS (lower(
        coalesce(body->'actor'->>'name', '') || ' ' || coalesce(body->'actor'->>'id', '') || ' ' ||
        coalesce(body->'object'->>'type', '') || ' ' || coalesce(body->'object'->>'id', '') || ' ' ||
        coalesce(body->'object'->>'label', '') || ' ' || coalesce(body->>'reason', '')
    )) STORED
);
CREATE INDEX audit_entry_action ON public.audit_entry (action text_pattern_ops, seq DESC);
CREATE INDEX audit_entry_actor ON public.audit_entry (actor_id, seq DESC);
CREATE INDEX audit_entry_object ON public.audit_entry (object_id, seq DESC);
CREATE INDEX audit_entry_team ON public.audit_entry (team_id, seq DESC);
CREATE INDEX audit_entry_request ON public.audit_entry (request_id) WHERE request_id <> '';
CREATE INDEX audit_entry_at ON public.audit_entry (at);
"""

TABLES_REVERSE = "DROP TABLE public.audit_entry; DROP TABLE public.audit_head;"

# The chain is made by a trigger, so that even an INSERT by the owner gets a number, a time and a hash that fit.
# The head row is the only lock: writers queue behind it and numbers have no gaps, because a rollback gives them back.
CHAIN = """
CREATE FUNCTION public.audit_entry_chain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    head public.audit_head%ROWTYPE;
BEGIN
    SELECT * INTO STRICT head FROM public.audit_head FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.at := clock_timestamp();
    NEW.body := NEW.body || jsonb_build_object(
        'v', 1,
        'seq', NEW.seq,
        'at', to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    );
    NEW.prev_hash := head.hash;
    NEW.hash := sha256(head.hash || convert_to(NEW.body::text, 'UTF8'));
    UPDATE public.audit_head SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
END
$body$;
CREATE TRIGGER audit_entry_chain BEFORE INSERT ON public.audit_entry
    FOR EACH ROW EXECUTE FUNCTION public.audit_entry_chain();
"""

CHAIN_REVERSE = """
DROP TRIGGER audit_entry_chain ON public.audit_entry;
DROP FUNCTION public.audit_entry_chain();
"""

GUARDS = """
CREATE FUNCTION public.audit_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RAISE EXCEPTION 'the audit record is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$body$;

-- Depth 1 is this trigger called by a plain UPDATE; the chain's own UPDATE arrives at depth 2.
CREATE FUNCTION public.audit_head_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF pg_trigger_depth() < 2 OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the head of the audit record moves only with a new entry'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER audit_entry_keeps BEFORE UPDATE OR DELETE ON public.audit_entry
    FOR EACH ROW EXECUTE FUNCTION public.audit_refuse();
CREATE TRIGGER audit_entry_stays BEFORE TRUNCATE ON public.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();
CREATE TRIGGER audit_head_keeps BEFORE INSERT OR DELETE ON public.audit_head
    FOR EACH ROW EXECUTE FUNCTION public.audit_refuse();
CREATE TRIGGER audit_head_stays BEFORE TRUNCATE ON public.audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON public.audit_head
    FOR EACH ROW EXECUTE FUNCTION public.audit_head_moves();
"""

GUARDS_REVERSE = """
DROP TRIGGER audit_head_moves ON public.audit_head;
DROP TRIGGER audit_head_stays ON public.audit_head;
DROP TRIGGER audit_head_keeps ON public.audit_head;
DROP TRIGGER audit_entry_stays ON public.audit_entry;
DROP TRIGGER audit_entry_keeps ON public.audit_entry;
DROP FUNCTION public.audit_head_moves();
DROP FUNCTION public.audit_refuse();
"""

# SECURITY DEFINER is the door: the serving role may call it and has no INSERT of its own.
# pg_temp comes last and every table is named with its schema, so no temporary table can stand in for one.
APPEND = """
CREATE FUNCTION public.audit_append(entry jsonb) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    INSERT INTO public.audit_entry (body) VALUES (entry) RETURNING seq
$body$;
REVOKE ALL ON FUNCTION public.audit_append(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.audit_entry_chain() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.audit_refuse() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.audit_head_moves() FROM PUBLIC;
REVOKE ALL ON public.audit_entry, public.audit_head FROM PUBLIC;
"""

APPEND_REVERSE = "DROP FUNCTION public.audit_append(jsonb);"


class Migration(migrations.Migration):
    """Tables first, then what guards them."""

    initial = True
    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.RunSQL(TABLES, TABLES_REVERSE),
        migrations.RunSQL(CHAIN, CHAIN_REVERSE),
        migrations.RunSQL(GUARDS, GUARDS_REVERSE),
        migrations.RunSQL(APPEND, APPEND_REVERSE),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("body", models.JSONField()),
                ("prev_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("action", models.TextField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField()),
                ("actor_name", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.TextField()),
                ("object_label", models.TextField()),
                ("team_id", models.TextField()),
                ("request_id", models.TextField()),
                ("search_text", models.TextField()),
            ],
            options={"db_table": "audit_entry", "managed": False, "ordering": ["-seq"]},
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                ("singleton", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={"db_table": "audit_head", "managed": False},
        ),
    ]
