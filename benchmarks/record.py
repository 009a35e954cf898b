"""The audit record: entries a second, and how fast the chain is walked."""

from django.db import transaction

from audit.actors import SYSTEM
from audit.services import record
from audit.verify import verify
from benchmarks.measure import Measured, each, whole

ENTRIES = 2_000


def rows() -> list[Measured]:
    """Return the measurements over what the rows before have written, and ENTRIES more."""
    written = each("audit, record", "entries", [_write] * ENTRIES, "one transaction each, chained")
    walked = 0

    def walk() -> None:
        nonlocal walked
        report = verify()
        assert report.is_intact, report.finding
        walked = report.entries

    measured = whole("audit, verify", "entries", 0, walk)
    return [
        written,
        Measured(measured.name, measured.unit, walked, measured.seconds, note="the whole chain, one reader"),
    ]


def _write() -> None:
    with transaction.atomic():
        record(
            action="approvals.action.overdue",
            actor=SYSTEM,
            object_type="action",
            object_id="00000000-0000-0000-0000-000000000000",
            object_label="bench",
            after={"overdue_at": "2026-01-01T00:00:00Z"},
            reason="bench",
        )
