"""The rows behind a metric as CSV, safe to open in a spreadsheet; one line at a time."""

import csv
import io
from collections.abc import Iterable, Iterator

from audit.export import cell
from metrics.definitions import Definition
from metrics.present import url_of
from metrics.schemas import moment
from metrics.selectors import Row

COLUMNS = ("at", "amount", "unit", "split", "object_type", "object_id", "title", "detail", "page")


def csv_lines(definition: Definition, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the header and one line a row. Texts go through audit.export.cell: no formula, no control characters."""
    yield _line(COLUMNS)
    for row in rows:
        yield _line(
            (
                moment(row.at) or "",
                "" if row.amount is None else f"{row.amount:.3f}".rstrip("0").rstrip("."),
                definition.unit.value,
                cell(row.split),
                row.object_type,
                str(row.object_id),
                cell(row.title),
                cell(row.detail),
                url_of(row),
            )
        )


def _line(values: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)
    return out.getvalue()
