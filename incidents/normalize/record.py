"""What every normaliser returns: plain, frozen, canonical, bounded. Nothing here touches the database."""

import datetime as dt
from dataclasses import dataclass

MAX_ENTITIES = 64
MAX_NOTES = 20


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A thing named by an alert. `role` is source, destination, target, actor or related (unknown)."""

    type: str
    value: str
    role: str


@dataclass(frozen=True, slots=True)
class NormalAlert:
    """One detection in our words. `severity_score` is 0 to 10; a time that the payload does not name is None."""

    format: str
    title: str
    description: str = ""
    external_id: str = ""
    detection_id: str = ""
    detection_name: str = ""
    #: Replaces the detection in the fingerprint where one rule of the source stands for many (Wazuh's 86601).
    detection_key: str = ""
    severity_score: float = 5.0
    #: "source", or "default" when the payload names no severity.
    severity_origin: str = "default"
    occurred_at: dt.datetime | None = None
    detected_at: dt.datetime | None = None
    techniques: tuple[str, ...] = ()
    entities: tuple[EntityRef, ...] = ()
    #: What could not be taken at face value, in sentences for the analyst.
    notes: tuple[str, ...] = ()
