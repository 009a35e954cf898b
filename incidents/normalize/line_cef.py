"""CEF and LEEF: a head in pipes, then key=value. Labels (`cs1Label=Rule cs1=x`) become keys of their own."""

import re
from typing import Any

from incidents.normalize.severities import from_unknown_scale

MAX_PAIRS = 400
CEF = re.compile(r"CEF: ?\d{1,2}\|")
LEEF = re.compile(r"LEEF: ?(\d)(?:\.\d)?\|")
#: Some relays cut the first word off: `0|Vendor|Product|1.0|17|Title|3|`.
_BARE = re.compile(r"\s*0\|(?=(?:[^|]{0,200}\|){6})")
_FIELD = re.compile(r"((?:[^|\\]|\\.){0,1023})\|", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=\s))([\w.\-\[\]]{1,64})=")
_LABEL = re.compile(r"(?:c[nsf]p?\d{1,2}|c6a\d|flex(?:String|Number|Date)\d|deviceCustom\w{1,20}\d?)Label")


def head_of(text: str, start: int, count: int) -> tuple[list[str], int] | None:
    """Return `count` fields in pipes and where the extension begins; None when the head is cut short."""
    head: list[str] = []
    while len(head) < count:
        part = _FIELD.match(text, start)
        if part is None:
            return None
        head.append(part[1].replace("\\|", "|").replace("\\\\", "\\").strip())
        start = part.end()
    return head, start


def read_cef(text: str) -> tuple[str, str, float | None, dict[str, Any]] | None:
    """Return (id, title, score, fields) of a CEF record anywhere in the first 400 characters; None if it is none."""
    found = CEF.search(text[:400]) or _BARE.match(text)
    head = head_of(text, found.end(), 6) if found else None
    if head is None:
        return None
    (vendor, product, _, number, name, severity), start = head
    fields = extension(text[start:])
    title = name or str(fields.get("msg") or "") or " ".join(part for part in (vendor, product, number) if part)
    return number, title, from_unknown_scale(severity), fields


def read_leef(text: str) -> tuple[str, str, dict[str, Any]] | None:
    """Return (event id, title, fields) of a LEEF record; None if it is none."""
    found = LEEF.search(text[:400])
    head = head_of(text, found.end(), 4) if found else None
    if found is None or head is None:
        return None
    (vendor, product, _, number), start = head
    body, mark = text[start:], "\t"
    if found[1] == "2":
        custom = re.match(r"(0?x[0-9a-fA-F]{1,4}|[^\w\s|])?\|", body)
        if custom:
            body = body[custom.end() :]
            named = custom[1] or "\t"
            mark = chr(int(named.lstrip("0x"), 16)) if "x" in named else named
    body = body.replace("#011", "\t")
    fields = _split(body, mark) if mark in body else extension(body)
    return number, number or f"{vendor} {product}", fields


def _split(body: str, mark: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for part in body.split(mark)[:MAX_PAIRS]:
        key, equals, value = part.partition("=")
        if equals and 0 < len(key.strip()) <= 64:
            fields[key.strip()] = value.strip()
    return fields


def extension(text: str) -> dict[str, Any]:
    """Return the key=value part, in which values may hold spaces."""
    keys = list(_KEY.finditer(text))[:MAX_PAIRS]
    fields: dict[str, Any] = {}
    for place, key in enumerate(keys):
        end = keys[place + 1].start() if place + 1 < len(keys) else len(text)
        value = text[key.end() : end].strip()
        fields[key[1]] = value.replace("\\=", "=").replace("\\n", "\n").replace("\\\\", "\\")
    return {**fields, **_labelled(fields)}


def _labelled(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        str(label)[:64]: fields[name.removesuffix("Label")]
        for name, label in fields.items()
        if label and _LABEL.fullmatch(name) and fields.get(name.removesuffix("Label"))
    }
