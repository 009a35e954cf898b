"""From the bytes of a delivery to single items: each with its own text, its own fate, and what was odd about it.

msgspec keeps the last of two keys silently, refuses numbers that do not fit and lone surrogates, and raises
RecursionError on depth. So: fast by msgspec; whatever it refuses, or whose keys do not add up, is read again slowly,
and the alert says what was changed.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from incidents.normalize.texts import is_storable, storable

MAX_DEPTH = 64
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"(\s*:)?', re.DOTALL)
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]', re.DOTALL)
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_list_of_raw = msgspec.json.Decoder(list[msgspec.Raw])


class Malformed(Exception):
    """The body is no JSON: nothing of it can be told apart, nothing is stored."""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One delivered item: its text as it came and, unless `error` says why not, the value it holds."""

    index: int
    raw: str = ""
    payload: Any = None
    notes: tuple[str, ...] = ()
    error: str = ""
    is_too_large: bool = False


class _Refused(Exception):
    """This item cannot be taken; `is_syntax` when it is not JSON at all."""

    def __init__(self, words: str, *, is_syntax: bool = False) -> None:
        super().__init__(words)
        self.is_syntax = is_syntax


def read_body(body: bytes, *, ndjson: bool, max_bytes: int) -> list[RawItem]:
    """Return the items of a body: one object or string, an array of them, or NDJSON lines.

    Raises Malformed for a body that is no JSON; a line of NDJSON is refused alone.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if ndjson:
        lines = [line for line in body.split(b"\n") if line.strip()]
        return [read_item(index, line, max_bytes=max_bytes) for index, line in enumerate(lines)]
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 (byte {error.start})") from None
    if body.lstrip()[:1] != b"[":
        item, is_syntax = _read(0, body, max_bytes)
        if is_syntax:
            raise Malformed(item.error)
        return [item]
    return [_member(index, raw, max_bytes) for index, raw in enumerate(_split(body))]


def read_item(index: int, raw: bytes, *, max_bytes: int) -> RawItem:
    """Return one item read from its own bytes; what is wrong with it is in `error`."""
    return _read(index, raw, max_bytes)[0]


def _member(index: int, raw: bytes, max_bytes: int) -> RawItem:
    item, is_syntax = _read(index, raw, max_bytes)
    if is_syntax:
        raise Malformed(f"item {index}: {item.error}")
    return item


def _split(body: bytes) -> list[bytes]:
    """Return the members of an array as texts. msgspec does it unless one member is beyond it."""
    try:
        return [bytes(part) for part in _list_of_raw.decode(body)]
    except (msgspec.DecodeError, RecursionError):
        return list(_split_by_hand(body.strip()))


def _split_by_hand(body: bytes) -> Iterator[bytes]:
    depth, start = 0, 1
    for token in _STRUCTURE.finditer(body):
        char = token.group()[:1]
        if char in b"[{":
            depth += 1
        elif char in b"]}":
            depth -= 1
        if (char == b"," and depth == 1) or depth == 0:
            part = body[start : token.start()].strip()
            if part or char == b",":
                yield part
            start = token.end()
            if depth == 0:
                break
    if depth != 0 or body[start:].strip():
        raise Malformed("the array does not end where the body does")


def _read(index: int, raw: bytes, max_bytes: int) -> tuple[RawItem, bool]:
    raw = raw.strip()
    if len(raw) > max_bytes:
        words = f"The alert has {len(raw)} bytes; at most {max_bytes} are taken."
        return RawItem(index, error=words, is_too_large=True), False
    try:
        payload, notes = _value(raw)
        if not isinstance(payload, dict | str) or (isinstance(payload, str) and not payload.strip()):
            raise _Refused("An alert is a JSON object, or a text that is a log line.")
        return RawItem(index, raw.decode("utf-8"), payload, notes), False
    except _Refused as refused:
        return RawItem(index, error=str(refused)), refused.is_syntax


def _value(raw: bytes) -> tuple[Any, tuple[str, ...]]:
    try:
        payload = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _value_slowly(raw)
    except RecursionError:
        raise _Refused(_TOO_DEEP) from None
    keys = _count_keys(payload)
    if _SUSPICIOUS.search(raw) or keys != sum(1 for match in _STRING.finditer(raw) if match[1]):
        return _value_slowly(raw)
    return payload, ()


_TOO_DEEP = f"The alert is nested deeper than {MAX_DEPTH} levels."


def _count_keys(payload: Any) -> int:
    """Return how many keys the value holds, each once. Refuses what is nested too deeply (iterative: no recursion)."""
    keys = 0
    level: list[Any] = [payload]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                keys += len(value)
                below.extend(item for item in value.values() if isinstance(item, dict | list))
            elif isinstance(value, list):
                below.extend(item for item in value if isinstance(item, dict | list))
        if not below:
            return keys
        level = below
    raise _Refused(_TOO_DEEP)


def _value_slowly(raw: bytes) -> tuple[Any, tuple[str, ...]]:
    """Read with the standard library, repairing what JSON allows and PostgreSQL or a double does not."""
    repairs = _Repairs()
    try:
        payload = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=repairs.members,
            parse_float=repairs.number,
            parse_int=repairs.whole,
            parse_constant=repairs.constant,
        )
    except UnicodeDecodeError as error:
        raise _Refused(f"The alert is not UTF-8 (byte {error.start}).", is_syntax=True) from None
    except RecursionError:
        raise _Refused(_TOO_DEEP) from None
    except ValueError as error:
        raise _Refused(f"The alert is not JSON: {str(error)[:160]}.", is_syntax=True) from None
    _count_keys(payload)
    return repairs.clean(payload), tuple(dict.fromkeys(repairs.notes))


class _Repairs:
    """Hooks of the slow reading; every repair leaves a note."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            name = self.text(key)
            if name in result:
                self.notes.append(f"The key {name[:80]!r} stood more than once; the last was kept.")
            result[name] = self.text(value) if isinstance(value, str) else value
        return result

    def number(self, text: str) -> float | str:
        value = float(text)
        return value if math.isfinite(value) else self._too_large(text)

    def whole(self, text: str) -> int | str:
        return int(text) if len(text) <= 32 else self._too_large(text)

    def constant(self, name: str) -> Any:
        raise ValueError(f"{name} is not a JSON number")

    def text(self, value: str) -> str:
        if is_storable(value):
            return value
        self.notes.append("NUL characters or halves of surrogate pairs were replaced.")
        return storable(value)

    def clean(self, value: Any) -> Any:
        """Clean texts that stand outside objects; depth is bounded by now."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.clean(item) for item in value]
        if isinstance(value, dict):
            return {key: self.clean(item) for key, item in value.items()}
        return value

    def _too_large(self, text: str) -> str:
        self.notes.append(f"The number {text[:40]} is too large; it was kept as text.")
        return text[:400]
