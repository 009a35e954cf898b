"""Labelled rows from JSON Lines (plain or gzipped): the engine gets the alert, never the label."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from agents.triage.observation import Observation, from_normal
from incidents.normalize import normalize

TRUTHS = {"true_positive": True, "false_positive": False, "benign": False}


class BadRowError(ValueError):
    """A line that is no labelled row; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row: what the product may see, and what it is judged by."""

    seen: Observation
    is_true: bool
    severity: str
    techniques: tuple[str, ...]


class _Expected(msgspec.Struct):
    verdict: str
    severity: str | None = None
    techniques: list[str] = []


class _Row(msgspec.Struct):
    alert: Any
    expected: _Expected
    id: str = ""


_DECODER = msgspec.json.Decoder(_Row)


def read(path: Path) -> Iterator[Labelled]:
    """Yield the file's rows in order. Raises BadRowError, OSError."""
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _labelled(line, f"{path.name}:{number}")


def _opened(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.read(2) == b"\x1f\x8b":
        file.close()
        return cast("BinaryIO", gzip.open(path, "rb"))
    file.seek(0)
    return file


def _labelled(line: bytes, place: str) -> Labelled:
    try:
        row = _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise BadRowError(f"{place}: {error}") from error
    if row.expected.verdict not in TRUTHS:
        raise BadRowError(f"{place}: expected.verdict {row.expected.verdict!r} is none of {', '.join(TRUTHS)}")
    return Labelled(
        seen=from_normal(normalize(row.alert), row.alert, ref=row.id or place),
        is_true=TRUTHS[row.expected.verdict],
        severity=row.expected.severity or "",
        techniques=tuple(row.expected.techniques),
    )
