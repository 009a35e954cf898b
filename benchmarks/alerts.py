"""Alerts: ingestion by the service and over HTTP, the same rows by bare COPY, and triage."""

import http.client
import os
import uuid
from functools import partial

import psycopg
from psycopg import sql

from agents.services.triage_batch import triage_batch
from benchmarks.measure import Measured, each, whole
from benchmarks.world import ndjson, world
from incidents.models import IngestBatch
from incidents.services.ingest import ingest
from incidents.wire import read_body
from tests.servers import web_server

BATCH = 1_000
BATCHES = 15
HTTP_BATCHES = 8
#: What one delivery writes for its alerts; the entities themselves are few and shared.
TABLES = ("incidents_alert", "incidents_alertpayload", "incidents_alertentity")


def rows() -> list[Measured]:
    """Return the measurements; the alerts of the first stay for the later ones."""
    service = _service()
    return [service, _copy(service), _over_http(), _triage()]


def _service() -> Measured:
    bodies = [ndjson(BATCH, series=f"s{number}") for number in range(BATCHES)]

    def deliver(body: bytes) -> None:
        items = read_body(body, ndjson=True, max_bytes=256 * 1024)
        created = ingest(source=world().source, items=items).created
        assert created == BATCH, created

    note = f"parse, normalise, store, audit; batches of {BATCH}"
    return each("ingest, service", "alerts", [partial(deliver, body) for body in bodies], note, units_each=BATCH)


def _copy(service: Measured) -> Measured:
    """COPY the stored rows into empty tables with the same columns, indexes and checks."""
    with psycopg.connect(os.environ["COUNTERSIGN_DATABASE_OWNER_URL"]) as owner:
        texts = {table: _copied_out(owner, table) for table in TABLES}
        for table in TABLES:
            owner.execute(
                sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(_bare(table), sql.Identifier(table))
            )
        owner.commit()

        def work() -> None:
            for table, text in texts.items():
                with owner.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(_bare(table))) as copy:
                    copy.write(text)
            owner.commit()

        measured = whole("the same rows, COPY", "alerts", BATCH * BATCHES, work)
        for table in TABLES:
            owner.execute(sql.SQL("DROP TABLE {}").format(_bare(table)))
    ratio = service.per_second / measured.per_second
    return Measured(
        measured.name, measured.unit, measured.n, measured.seconds, note=f"the service reaches {ratio:.3f} of it"
    )


def _bare(table: str) -> sql.Identifier:
    return sql.Identifier(f"bench_{table}")


def _copied_out(owner: psycopg.Connection, table: str) -> bytes:
    with owner.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(block) for block in copy)


def _over_http() -> Measured:
    bodies = [ndjson(BATCH, series=f"h{number}") for number in range(HTTP_BATCHES)]
    with web_server(os.environ) as server:
        caller = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Authorization": f"Bearer {world().source_token}", "Content-Type": "application/x-ndjson"}

        def post(body: bytes) -> None:
            caller.request("POST", "/api/v1/alerts", body, headers)
            answer = caller.getresponse()
            text = answer.read()
            assert answer.status == 202, text[:300]

        calls = [partial(post, body) for body in bodies]
        note = f"NDJSON, batches of {BATCH}, one caller, one web process"
        measured = each("ingest, HTTP", "alerts", calls, note, units_each=BATCH)
        caller.close()
    return measured


def _triage() -> Measured:
    waiting = list(
        IngestBatch.objects.filter(triage_state="pending").order_by("received_at").values_list("id", flat=True)
    )
    calls = [partial(_judge, batch) for batch in waiting]
    return each("triage, embedded engine", "alerts", calls, "read, judge, store; no verdicts learnt yet", BATCH)


def _judge(batch_id: uuid.UUID) -> None:
    stored = triage_batch(batch_id=batch_id)
    assert stored == BATCH, stored
