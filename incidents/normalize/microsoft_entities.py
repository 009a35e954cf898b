"""Entities as Microsoft's products list them: `{"Type": "account", "Name": …, "NTDomain": …}` and its cousins."""

from typing import Any

import msgspec

from incidents.normalize.entities import Entities
from incidents.normalize.paths import mapping
from incidents.normalize.texts import as_text

MAX_ENTRIES = 128


def take(payload: Any, entities: Entities) -> None:
    """Take every object of a payload that says which type of entity it is; JSON in texts is opened."""
    queue: list[Any] = [payload]
    for seen, value in enumerate(queue):
        if seen > 4000:
            return
        if isinstance(value, str) and value[:1] in {"[", "{"} and len(value) < 64_000:
            value = _decoded(value)  # noqa: PLW2901 - the text stands for what is in it
        if isinstance(value, list):
            queue.extend(value[:MAX_ENTRIES])
        elif isinstance(value, dict):
            kind = as_text(value.get("Type") or value.get("kind") or value.get("entityType") or value.get("type"))
            _take_one(kind.lower(), _members(value), entities)
            queue.extend(item for item in value.values() if isinstance(item, dict | list | str))


def _members(value: dict[str, Any]) -> dict[str, Any]:
    inner = mapping(value.get("properties"))
    return {str(name).lower(): item for name, item in {**inner, **value}.items()}


def _take_one(kind: str, entry: dict[str, Any], entities: Entities) -> None:
    if kind in {"ip", "ipaddress", "ipentity"}:
        entities.add("ip", entry.get("address") or entry.get("ipaddress"), "related")
    elif kind in {"account", "user", "mailbox"}:
        _take_account(entry, entities)
    elif kind in {"host", "machine", "device"}:
        name, place = as_text(entry.get("hostname") or entry.get("netbiosname")), as_text(entry.get("dnsdomain"))
        entities.add_host(f"{name}.{place}" if name and place and "." not in name else name, "target")
    elif kind in {"filehash", "file"}:
        entities.add_hashes(entry.get("value") or entry.get("hashvalue"), "related")
    elif kind == "url":
        entities.add("url", entry.get("url"), "related")
    elif kind in {"dns", "dnsresolution", "dns-resolution"}:
        entities.add("domain", entry.get("domainname"), "related")
    elif kind in {"mailmessage", "mail"}:
        entities.add("email", entry.get("sender") or entry.get("p1sender"), "source")
        entities.add("email", entry.get("recipient"), "target")
    elif kind in {"azureresource", "azure-resource"}:
        entities.add("cloud_resource", entry.get("resourceid"), "target")


def _take_account(entry: dict[str, Any], entities: Entities) -> None:
    name = as_text(entry.get("name") or entry.get("accountname") or entry.get("samaccountname"))
    suffix = as_text(entry.get("upnsuffix"))
    principal = as_text(entry.get("userprincipalname")) or (f"{name}@{suffix}" if name and suffix else "")
    domain = entry.get("ntdomain") or entry.get("domainname")
    entities.add_user(principal or name, "actor", account_domain=None if principal else domain)
    entities.add("email", entry.get("primaryaddress") or entry.get("mailboxprimaryaddress"), "related")


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
