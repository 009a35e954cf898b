"""What the normalisers read of the real payloads: fill rates per format, and recall against other parsers' answers.

    python -m scripts.fill_rates DATA_DIR            # the folders that development may look at
    python -m scripts.fill_rates DATA_DIR --aside    # the fifth set aside, once at the end
    python -m scripts.fill_rates DATA_DIR --misses host --limit 40

`expected_ecs` is what the authors of an independent parser extract. A field counts as offered when they name a value
for it that stands in the payload (their own vocabulary and the transport's header do not), and as held when one of
these values stands in our record in the right kind of place; `all` counts every value.
"""

import argparse
import datetime as dt
import gzip
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
django.setup()

from incidents.normalize import NormalAlert, normalize  # noqa: E402 - the models behind it need the settings first
from incidents.normalize.draft import UNTITLED  # noqa: E402 - the same
from incidents.normalize.texts import word_list  # noqa: E402 - the same
from incidents.normalize.times import parse_time  # noqa: E402 - the same

FOLDERS = ("native_sekoia", "native_panther", "native_misc")
SEED = "countersign-normalisers"
FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("rule.name", "event.reason", "event.action", "action.name", "rule.description", "event.message"),
    "severity": ("event.severity", "event.risk_score"),
    "time": ("@timestamp", "event.created", "event.start", "event.end"),
    "host": ("host.name", "host.hostname", "observer.hostname", "agent.name", "log.hostname"),
    "user": word_list(
        "user.name user.email user.full_name user.id source.user.name user.target.name user.effective.name "
        "destination.user.name process.user.name client.user.name"
    ),
    "src_ip": ("source.ip", "client.ip"),
    "dst_ip": ("destination.ip", "server.ip"),
    "process": ("process.name", "process.executable"),
    "hash": tuple(
        f"{part}.hash.{name}" for part in ("file", "process", "dll") for name in ("md5", "sha1", "sha256", "sha512")
    ),
    "url_domain": (
        "url.full",
        "url.original",
        "url.domain",
        "dns.question.name",
        "destination.domain",
        "source.domain",
        "server.domain",
    ),
    "technique": ("threat.technique.id", "threat.technique.subtechnique.id"),
    "file": ("file.path", "file.name"),
    "email": ("email.from.address", "email.to.address", "email.sender.address"),
}
PLACES: dict[str, frozenset[str]] = {
    "host": frozenset({"host", "domain", "ip"}),
    "user": frozenset({"user", "email"}),
    "src_ip": frozenset({"ip"}),
    "dst_ip": frozenset({"ip"}),
    "process": frozenset({"process"}),
    "hash": frozenset({"hash"}),
    "url_domain": frozenset({"url", "domain", "host"}),
    "file": frozenset({"file", "process"}),
    "email": frozenset({"email", "user"}),
}


@dataclass
class Score:
    """Offered and held, by payload (any of the values) and by value."""

    offered: int = 0
    held: int = 0
    values: int = 0
    values_held: int = 0


def is_aside(name: str) -> bool:
    """Return whether a file belongs to the fifth that nobody looks at before the end."""
    return int(hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest(), 16) % 5 == 0


def rows(data: Path, *, aside: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file, row) of the native folders."""
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("*.jsonl*")):
            if is_aside(path.name) is aside:
                raw = path.read_bytes()
                for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
                    yield f"{folder}/{path.name.split('.')[0]}", json.loads(line)


def offered(expected: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the values that the other parser names."""
    found: dict[str, None] = {}
    for name in names:
        value = expected.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str | int | float) and str(item).strip() not in {"", "-"}:
                found[str(item)] = None
    return list(found)


def holds(alert: NormalAlert, name: str, value: str, *, is_line: bool) -> bool:
    """Return whether the record holds the value in a place of the right kind.

    A log line's description is the whole line, and so counts for nothing.
    """
    text = value.strip().casefold()
    if name == "title":
        words = f"{alert.title}\n{alert.detection_name}\n{alert.detection_id}".casefold()
        words += "" if is_line else alert.description.casefold()
        return text in words or " ".join(text.split()) in " ".join(words.split())
    if name == "severity":
        return alert.severity_origin == "source"
    if name == "time":
        return any(_same(moment, value) for moment in (alert.detected_at, alert.occurred_at))
    if name == "technique":
        return value.upper() in alert.techniques
    return any(_alike(ref.value.casefold(), text) for ref in alert.entities if ref.type in PLACES[name])


def _same(moment: dt.datetime | None, value: str) -> bool:
    """Equal to the second; the year is left out of it, for many log lines name none."""
    other = parse_time(value)
    if moment is None or other is None:
        return False
    return abs((moment.replace(year=2000) - other.replace(year=2000)).total_seconds()) < 1.001


def _alike(ours: str, theirs: str) -> bool:
    theirs = theirs.rstrip(".")
    if ours == theirs or ours.rstrip("/") == theirs.rstrip("/"):
        return True
    parts = {ours.replace("\\", "/").rsplit("/", 1)[-1], ours.partition("@")[0], ours.partition(".")[0]}
    if theirs in parts or ours == theirs.replace("\\", "/").rsplit("/", 1)[-1]:
        return True
    return "://" in ours and theirs in ours


def measure(data: Path, *, aside: bool, misses: str, limit: int) -> None:
    """Print fill rates per file and format, and recall for JSON and log lines."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for file, row in rows(data, aside=aside):
        payload = row.get("payload")
        alert = normalize(payload)
        _fill(by_file[file], names[file], alert)
        expected = row.get("expected_ecs")
        if not isinstance(expected, dict):
            continue
        text = json.dumps(payload, ensure_ascii=False).replace("\\\\", "\\").casefold()
        kind = "json" if isinstance(payload, dict | list) else "line"
        for name, keys in FIELDS.items():
            wanted = [v for v in offered(expected, keys) if name in {"time", "severity"} or v.casefold() in text]
            if not wanted:
                continue
            held = [value for value in wanted if holds(alert, name, value, is_line=kind == "line")]
            for score in (scores[kind, name], scores[kind, "all"], scores[file, kind]):
                score.offered += 1
                score.held += bool(held)
                score.values += len(wanted)
                score.values_held += len(held)
            if misses == name and not held and limit > 0:
                limit -= 1
                print(f"- {file} {alert.format} wanted={wanted} refs={[(r.type, r.value) for r in alert.entities]}")
                print(f"    {json.dumps(payload)[:900]}")
    if not misses:
        _report(scores, by_file, names)


def _fill(counter: Counter[str], names: Counter[str], alert: NormalAlert) -> None:
    counter["n"] += 1
    names[alert.format] += 1
    counter["title"] += alert.title != UNTITLED
    counter["severity"] += alert.severity_origin == "source"
    counter["time"] += bool(alert.detected_at or alert.occurred_at)
    counter["entities"] += bool(alert.entities)
    counter["noted"] += bool(alert.notes)


def _report(
    scores: dict[tuple[str, str], Score], by_file: dict[str, Counter[str]], names: dict[str, Counter[str]]
) -> None:
    print("| file | n | read as | title | severity | time | entities | recall |\n|---|---|---|---|---|---|---|---|")
    for file, counter in by_file.items():
        cells = [f"{100 * counter[name] // counter['n']}" for name in ("title", "severity", "time", "entities")]
        said = ", ".join(f"{name} {count}" for name, count in names[file].most_common(4))
        mine = [scores[file, kind] for kind in ("json", "line") if (file, kind) in scores]
        total = sum(score.offered for score in mine)
        recall = f"{sum(score.held for score in mine) / total:.2f}" if total else ""
        print(f"| {file} | {counter['n']} | {said} | {' | '.join(cells)} | {recall} |")
    print("\n| field | JSON offered | any | all | lines offered | any | all |\n|---|---|---|---|---|---|---|")
    for name in (*FIELDS, "all"):
        cells = []
        for kind in ("json", "line"):
            score = scores[kind, name]
            any_of = f"{score.held / score.offered:.3f}" if score.offered else ""
            every = f"{score.values_held / score.values:.3f}" if score.values else ""
            cells += [str(score.offered), any_of, every]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--aside", action="store_true")
    parser.add_argument("--misses", default="", choices=["", *FIELDS])
    parser.add_argument("--limit", type=int, default=40)
    arguments = parser.parse_args()
    measure(arguments.data, aside=arguments.aside, misses=arguments.misses, limit=arguments.limit)


if __name__ == "__main__":
    main()
