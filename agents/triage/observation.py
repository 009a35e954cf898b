"""What the engine sees of an alert: plain values, the same from a file, a test or the database."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from incidents.normalize.paths import leaves, mapping
from incidents.normalize.record import EntityRef, NormalAlert

#: A field's text beyond this says nothing that the first part does not; regular expressions stay cheap.
FIELD_LENGTH = 2_000
MAX_FIELDS = 160

#: Parts of a rule's title that differ from alert to alert: they must not make a new rule each time.
_VARIABLE = re.compile(
    r"[A-Za-z]:\\\S+|\\\\\S+|/[\w.-]+/\S*|\bHK[A-Z_]+\\\S+|\{[0-9A-Fa-f-]{8,}\}"
    r"|\b[0-9a-fA-F]{12,}\b|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}\b|\d+"
)
#: Words after which a title quotes the event itself.
_QUOTED = re.compile(r"(?:User:|binary is:|under HKLM|by C:)\s*\S.*$")
_SPACES = re.compile(r"\s+")
_PREFIX = re.compile(r"^([A-Z][A-Za-z]{2,15}):\s")
HOST_ROLES = ("target", "related", "source", "destination", "actor")


@dataclass(frozen=True, slots=True)
class Observation:
    """One alert as the engine reads it. `at` is the detection in seconds since 1970, `count` its repeats."""

    ref: str
    source: str
    family: str
    detection: str
    rule: str
    title: str
    host: str
    at: float
    count: int = 1
    severity_score: float = 5.0
    severity_named: bool = False
    techniques: tuple[str, ...] = ()
    entities: tuple[EntityRef, ...] = ()
    #: (key in lower case, text) of the payload's leaves, bounded.
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def rule_key(self) -> str:
        """The rule as the record knows it: source, detection and the constant part of the title."""
        return f"{self.source}|{self.detection}|{self.rule}"[:300]

    @property
    def family_key(self) -> str:
        return f"{self.source}|{self.family}"

    @property
    def detection_key(self) -> str:
        return f"{self.source}|{self.detection}"


@lru_cache(maxsize=8192)
def skeleton(title: str) -> str:
    """Return the constant part of a rule's title, in lower case.

    >>> skeleton("Detected WinRM activity from 10.0.2.12 to 10.0.2.14")
    'detected winrm activity from # to #'
    """
    text = _VARIABLE.sub("#", _QUOTED.sub("#", title[:512]))
    return _SPACES.sub(" ", text).strip().lower()[:160]


def from_normal(alert: NormalAlert, payload: Any, *, ref: str, count: int = 1) -> Observation:
    """Return the observation of a normalised alert and its raw payload (a JSON value, None when not at hand)."""
    fields = _fields(payload)
    title = alert.title or alert.detection_name
    moment = alert.detected_at or alert.occurred_at
    return Observation(
        ref=ref,
        source=alert.format or "unknown",
        family=_family(title, alert.detection_id, fields),
        detection=alert.detection_id or skeleton(alert.detection_name or title),
        rule=skeleton(title),
        title=title,
        host=_host(alert.entities),
        at=moment.timestamp() if moment else 0.0,
        count=max(1, count, _repeats(payload)),
        severity_score=alert.severity_score,
        severity_named=alert.severity_origin == "source",
        techniques=alert.techniques,
        entities=alert.entities,
        fields=fields,
    )


def _fields(payload: Any) -> tuple[tuple[str, str], ...]:
    """Return the leaves as (key, text); backslashes that were escaped twice count once."""
    if payload is None:
        return ()
    found: list[tuple[str, str]] = []
    for _, key, value in leaves(payload):
        if isinstance(value, str) and value:
            text = value[:FIELD_LENGTH]
            found.append((key.lower(), text.replace("\\\\", "\\") if "\\\\" in text else text))
        elif isinstance(value, int) and not isinstance(value, bool):
            found.append((key.lower(), str(value)[:24]))
        if len(found) >= MAX_FIELDS:
            break
    return tuple(found)


def _family(title: str, detection_id: str, fields: tuple[tuple[str, str], ...]) -> str:
    """Return what kind of rule it is: its last named group, else the product that its title starts with."""
    groups = [text.strip() for key, text in fields if key == "groups" and text.strip()]
    specific = [name for name in groups if name not in {"windows", "syslog", "ossec", "sysmon", "local"}]
    if specific or groups:
        return (specific or groups)[-1][:60]
    prefix = _PREFIX.match(title)
    if prefix:
        return prefix.group(1)
    return re.split(r"[^A-Za-z]", detection_id, maxsplit=1)[0][:40] or "any"


def _host(entities: tuple[EntityRef, ...]) -> str:
    """Return the host that the alert is about, else an address, else nothing."""
    for kind in ("host", "ip"):
        of_kind = [entity for entity in entities if entity.type == kind]
        for role in HOST_ROLES:
            for entity in of_kind:
                if entity.role == role:
                    return entity.value.lower()
    return ""


def _repeats(payload: Any) -> int:
    """Return how many events the source folded into this alert, where it says so."""
    event = mapping(mapping(payload).get("event")) or mapping(payload)
    count = event.get("count")
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 10**9 else 1
