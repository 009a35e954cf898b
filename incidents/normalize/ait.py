"""The AIT alert data set's rows: its flat CSV members, single alerts, and 5-minute groups (`time`, `last`, `ips`)."""

from typing import Any

from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import every, first
from incidents.normalize.record import NormalAlert
from incidents.normalize.texts import as_text
from incidents.normalize.times import first_time

FORMAT = "ait_ads"


def looks_like(payload: dict[str, Any]) -> bool:
    """The stream's row (t, name, host, short), one alert (time, name, detector, host) or a group."""
    if "host" not in payload:
        return False
    if "short" in payload and "name" in payload:
        return True
    return ("detector" in payload and "name" in payload) or ("ips" in payload and "last" in payload)


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return a row; `short` is the detection, the row's time that of the log line."""
    entities = Entities()
    entities.add_host(payload.get("host"), "target")
    entities.add_all("ip", every(payload, "ip", "ips"), "target")
    count = as_text(payload.get("count"))
    return assemble(
        name=FORMAT,
        titles=[payload.get("name")],
        description=f"{count} alerts of one rule on one host." if count else "",
        detection_id=payload.get("short"),
        detection_name=payload.get("name"),
        detected_at=first_time(first(payload, "t", "time", "time_iso")),
        entities=entities,
    )
