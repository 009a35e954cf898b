"""PAN-OS logs: commas without a header; the fourth column names the type, and the type the columns."""

import csv
from typing import Any

from incidents.normalize.texts import word_list

MAX_COLUMNS = 200
_SESSION = (
    "x received_at serial type subtype x generated_at src dst nat_source_ip nat_destination_ip rule_name srcuser "
    "dstuser app x x x x x x x x x sport dport x x x proto action"
)
_COLUMNS: dict[str, tuple[str, ...]] = {
    "TRAFFIC": word_list(
        f"{_SESSION} x x x x start x category x x x x x x x x session_end_reason x x x x x device_name"
    ),
    "THREAT": word_list(
        f"{_SESSION} misc threat_name category severity direction x x x x x x x filehash x x user_agent filetype "
        "xff_ip referer_url sender subject recipient x x x x x x device_name"
    ),
    "SYSTEM": word_list(
        "x received_at serial type subtype x generated_at x event_name object x x module severity description x x x x "
        "x x x device_name"
    ),
    "GLOBALPROTECT": word_list(
        "x received_at serial type subtype x generated_at x event_name stage auth_method tunnel_type srcuser x "
        "machine_name src x private_ip x host_id x x x x x reason error description status"
    ),
    "USERID": word_list("x received_at serial type subtype x generated_at x src srcuser data_source event_name"),
    "CONFIG": word_list(
        "x received_at serial type subtype x generated_at host x event_name admin_name client_name status object"
    ),
    "HIPMATCH": word_list("x received_at serial type subtype x generated_at srcuser x machine_name os src event_name"),
    "AUTHENTICATION": word_list(
        "x received_at serial type subtype x generated_at x src srcuser x object x x x vendor x x x description"
    ),
    "DECRYPTION": word_list(_SESSION),
    "TUNNEL": word_list(_SESSION),
}


def read(text: str) -> dict[str, Any] | None:
    """Return the named columns of a PAN-OS line, None when the line is none."""
    if text.count(",") < 8 or not any(name in text[:200] for name in _COLUMNS):
        return None
    start = max(text.rfind(" ", 0, text.index(",")) + 1, 0)
    try:
        row = next(csv.reader([text[start:].replace("\n", " ")]))[:MAX_COLUMNS]
    except (csv.Error, StopIteration):
        return None
    names = _COLUMNS.get(row[3].upper()) if len(row) > 8 else None
    if names is None:
        return None
    fields = {name: value for name, value in zip(names, row, strict=False) if name != "x" and value}
    if "misc" in fields:
        key = "url" if fields.get("subtype") == "url" else "filename"
        fields[key] = fields.pop("misc")
    precise = row[-1].strip()
    if "T" in precise and ":" in precise:
        fields["generated_at"] = precise
    return fields


def title_of(fields: dict[str, Any]) -> str:
    """Return what the line reports: the threat, the event, or the type with the action."""
    for name in ("threat_name", "description", "event_name"):
        if fields.get(name):
            return str(fields[name])
    return " ".join(str(fields[name]) for name in ("type", "subtype", "action") if fields.get(name))
