"""XML in a text: Windows events become the shape that `windows` reads, any other document its tags as fields.

Read by its tags alone: no document type, no entities of its own, no depth, so nothing can be made to grow.
"""

import html
import re
from typing import Any

MAX_TAGS = 600
_TAG = re.compile(
    r"<([A-Za-z_][\w:.-]{0,80})((?:\s+[\w:.-]{1,80}\s*=\s*(?:\"[^\"]{0,4000}\"|'[^']{0,4000}'))*)\s*/?>([^<]*)"
)
_ATTRIBUTE = re.compile(r"([\w:.-]{1,80})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_EVENT = re.compile(r"<Event(?:\s[^>]{0,400})?>\s*<System>", re.IGNORECASE)
_SYSTEM = frozenset({"EventID", "Level", "Computer", "Channel", "EventRecordID", "Task", "Opcode", "Keywords"})


def looks_like(text: str) -> bool:
    """Return whether a text is an XML document; a header before it is gone by now."""
    text = text.strip()
    return text.startswith("<?xml") or (bool(_TAG.match(text)) and text.endswith(">") and "</" in text)


def windows_event(text: str) -> dict[str, Any] | None:
    """Return {"Event": {"System": …, "EventData": …}} of a Windows event, None for any other text."""
    if not _EVENT.search(text):
        return None
    system: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name, attributes, words in _tags(text):
        if name == "Provider":
            system["Provider"] = {"#attributes": {"Name": attributes.get("Name")}}
        elif name == "TimeCreated":
            system["TimeCreated"] = {"#attributes": {"SystemTime": attributes.get("SystemTime")}}
        elif name in _SYSTEM and words:
            system[name] = words
        elif name == "Data" and "Name" in attributes:
            data[attributes["Name"]] = words
        elif name == "Message" and words:
            data["Message"] = words
    return {"Event": {"System": system, "EventData": data}}


def fields(text: str) -> dict[str, Any]:
    """Return the tags that hold text and the attributes, the first of each name."""
    found: dict[str, Any] = {}
    for name, attributes, words in _tags(text):
        for key, value in ((name, words), *attributes.items()):
            if value:
                found.setdefault(key, value)
    return found


def _tags(text: str) -> list[tuple[str, dict[str, str], str]]:
    found = []
    for number, tag in enumerate(_TAG.finditer(text)):
        if number >= MAX_TAGS:
            break
        attributes = {name: html.unescape(one or two) for name, one, two in _ATTRIBUTE.findall(tag[2])}
        found.append((tag[1].rpartition(":")[2], attributes, html.unescape(tag[3]).strip()))
    return found
