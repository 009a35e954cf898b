"""Run the rows against the services that the environment names, print a table, write results.json.

Started by `python -m benchmarks`, which makes those services; the database must be empty and is left full.
"""

import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

from benchmarks.measure import Measured

RESULTS = Path(__file__).resolve().parent / "results.json"
#: In this order: later ones work on what the earlier ones have stored.
PARTS = ("alerts", "actions", "record", "pages")


def main(arguments: list[str]) -> int:
    """Run the parts named (all without any); return 2 for an unknown name."""
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    django.setup()
    machine = _machine()
    print(_machine_words(machine))
    measured: list[Measured] = []
    begin = time.perf_counter()
    for name in arguments or PARTS:
        for row in importlib.import_module(f"benchmarks.{name}").rows():
            measured.append(row)
            print(_line(row), flush=True)
    machine["load_after"] = os.getloadavg()
    seconds = time.perf_counter() - begin
    print(f"{seconds:.0f} s in all; load average afterwards {_load(machine['load_after'])}")
    RESULTS.write_text(json.dumps(_document(machine, measured, seconds), indent=2) + "\n", encoding="utf-8")
    print(f"written: {RESULTS.relative_to(RESULTS.parent.parent)}")
    return 0


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "postgresql": "embedded, fsync on",
    }


def _machine_words(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}, PostgreSQL {machine['postgresql']}, "
        f"load average {_load(machine['load_before'])} (1, 5, 15 min)"
    )


def _load(load: tuple[float, float, float]) -> str:
    return " ".join(f"{value:.2f}" for value in load)


def _line(row: Measured) -> str:
    times = "" if row.p50_ms is None else f"p50 {row.p50_ms:8.1f} ms  p99 {row.p99_ms:8.1f} ms"
    return f"{row.name:<26}{row.n:>8} {row.unit:<8}{row.per_second:>12,.1f} /s  {times:<34}{row.note}"


def _document(machine: dict[str, Any], measured: list[Measured], seconds: float) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "seconds": round(seconds, 1),
        "rows": [{**asdict(row), "per_second": round(row.per_second, 2)} for row in measured],
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
