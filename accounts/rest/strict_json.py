"""JSON as a decision needs it: no duplicate keys, no NaN or infinity, bounded depth, valid UTF-8, no NUL."""

import json
import math
from typing import Any

from accounts.rest.problems import Problem

MAX_DEPTH = 32


def loads(body: bytes) -> Any:
    """Parse `body`. Raises Problem 400 for anything that two parsers could read differently."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except UnicodeDecodeError as error:
        raise _malformed(f"not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise _malformed("nested too deeply") from None
    except ValueError as error:
        raise _malformed(str(error)) from None
    _check(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key[:80]!r} stands twice")
        result[key] = value
    return result


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is not finite")
    return value


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _malformed(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise _malformed("a text holds NUL")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _malformed("a text holds half a surrogate pair")


def _malformed(what: str) -> Problem:
    return Problem(
        400, f"The body is not the JSON that is taken here: {what}. Nothing was stored.", code="malformed_json"
    )
