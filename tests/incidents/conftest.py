"""What the tests of alerts share: the folder of real data, and deliveries as a source makes them."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import AlertSource
from incidents.services.ingest import IngestResult, ingest
from incidents.wire import read_body

DATA_DIR = Path(
    os.environ.get("COUNTERSIGN_TEST_DATA") or Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data"
)
LIMIT = 256 * 1024


@pytest.fixture
def real_data() -> Path:
    """The folder of real alerts; without it the test is skipped, under CI=true it fails."""
    if not DATA_DIR.is_dir():
        words = "no real data: COUNTERSIGN_TEST_DATA names no folder"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return DATA_DIR


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON Lines file, gzipped or not."""
    raw = path.read_bytes()
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
        yield json.loads(line)


def deliver(source: AlertSource, *payloads: object) -> IngestResult:
    """Ingest the payloads as one JSON array."""
    body = json.dumps(list(payloads)).encode()
    return ingest(source=source, items=read_body(body, ndjson=False, max_bytes=LIMIT))


def beacon(host: str = "WS-1001", at: str = "2026-03-04T12:00:00Z", **more: object) -> dict[str, object]:
    """Return the payload of a plain detection on one host."""
    return {"title": "Beacon", "rule_id": "r-1", "host": host, "timestamp": at, **more}
