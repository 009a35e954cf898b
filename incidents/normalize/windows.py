"""Windows and Sysmon events, as Wazuh, Winlogbeat, NXLog and EVTX converters write them."""

from typing import Any

from incidents.normalize.draft import assemble
from incidents.normalize.entities import Entities
from incidents.normalize.paths import first, mapping
from incidents.normalize.record import NormalAlert
from incidents.normalize.times import first_time

FORMAT = "windows_event"
#: Fields of EventData → (entity type, role). Names compared without case.
_FIELDS = {
    "image": ("process", "actor"),
    "newprocessname": ("process", "actor"),
    "processname": ("process", "actor"),
    "sourceimage": ("process", "actor"),
    "targetimage": ("process", "target"),
    "parentimage": ("process", "related"),
    "parentprocessname": ("process", "related"),
    "application": ("process", "actor"),
    "imageloaded": ("file", "target"),
    "targetfilename": ("file", "target"),
    "ipaddress": ("address", "source"),
    "sourceip": ("address", "source"),
    "sourceaddress": ("address", "source"),
    "destinationip": ("address", "destination"),
    "destaddress": ("address", "destination"),
    "destinationhostname": ("address", "destination"),
    "queryname": ("domain", "destination"),
    "workstationname": ("host", "source"),
    "workstation": ("host", "source"),
    "hashes": ("hash", "related"),
    "hash": ("hash", "related"),
}
_ACCOUNTS = (
    ("user", "", "actor"),
    ("subjectusername", "subjectdomainname", "actor"),
    ("sourceuser", "", "actor"),
    ("targetusername", "targetdomainname", "target"),
    ("targetuser", "", "target"),
)
_SERVICES = frozenset({"local service", "network service", "system", "anonymous logon", "window manager"})


def looks_like(payload: dict[str, Any]) -> bool:
    """An EVTX tree, Winlogbeat's `winlog`, or a flat event with EventID and computer."""
    if isinstance(payload.get("Event"), dict) and "System" in payload["Event"]:
        return True
    return "EventID" in payload and any(name in payload for name in ("Computer", "Hostname", "Channel", "SourceName"))


def take_event_data(data: dict[str, Any], entities: Entities) -> None:
    """Take the accounts, programs, files, hashes and addresses of an EventData object."""
    lower = {key.lower(): value for key, value in data.items()}
    for name, (kind, role) in _FIELDS.items():
        if name in lower:
            _take(entities, kind, lower[name], role)
    for name, place, role in _ACCOUNTS:
        account = lower.get(name)
        if isinstance(account, str) and account.strip().rsplit("\\", 1)[-1].lower() not in _SERVICES:
            entities.add_user(account, role, account_domain=lower.get(place) if place else None)
    for name in ("commandline", "parentcommandline", "scriptblocktext", "details", "servicefilename", "imagepath"):
        entities.scan(lower.get(name))


def normalize(payload: dict[str, Any]) -> NormalAlert:
    """Return an event as an alert; `Level` is a log level, no risk, and so the severity stays the default."""
    tree = mapping(payload.get("Event"))
    system = mapping(tree.get("System")) or payload
    data = mapping(tree.get("EventData")) or mapping(tree.get("UserData")) or payload
    entities = Entities()
    entities.add_host(first(system, "Computer", "Hostname", "host.name"), "target")
    take_event_data(data, entities)
    event_id = first(system, "EventID.#text", "EventID")
    provider = first(system, "Provider.#attributes.Name", "SourceName", "ProviderName", "Channel")
    return assemble(
        name=FORMAT,
        titles=[f"{provider or 'Windows'} event {event_id}" if event_id else None, first(payload, "Message")],
        description=first(data, "Message", "CommandLine", "ScriptBlockText"),
        external_id=first(system, "EventRecordID", "RecordNumber"),
        detection_id=f"{provider or 'windows'}:{event_id}" if event_id else "",
        occurred_at=first_time(first(data, "UtcTime")),
        detected_at=first_time(
            first(system, "TimeCreated.#attributes.SystemTime", "TimeCreated.SystemTime", "SystemTime"),
            first(payload, "@timestamp", "EventTime", "TimeCreated", "UtcTime"),
        ),
        techniques=[first(data, "RuleName")],
        entities=entities,
    )


def _take(entities: Entities, kind: str, value: Any, role: str) -> None:
    if kind == "address":
        entities.add_address(value, role)
    elif kind == "host":
        entities.add_host(value, role)
    elif kind == "hash":
        entities.add_hashes(value, role)
    else:
        entities.add(kind, value, role)
