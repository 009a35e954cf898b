"""What to do and what to look up, from the alert's own entities: nothing is invented, nothing comes from prose."""

import ipaddress
from collections.abc import Iterator, Sequence

from agents.triage.observation import Observation
from agents.triage.tactics import TACTIC_OF
from agents.triage.verdict import Action, Factor
from incidents.normalize.record import EntityRef

MAX_ACTIONS = 3
MAX_LOOKUPS = 4
#: From here on an undecided alert is worth proposing something for.
LEAST_PROBABILITY = 0.4

_OWN_NETWORKS = [
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "0.0.0.0/8",
        "224.0.0.0/3",
        "fc00::/7",
        "fe80::/10",
        "::/127",
        "ff00::/8",
    )
]
_HOST_TACTICS = frozenset(
    {"impact", "credential-access", "command-and-control", "exfiltration", "lateral-movement", "execution"}
)
_HOST_SIGNS = frozenset(
    {
        "rule_malware",
        "in_memory",
        "offensive_tool",
        "odd_service_binary",
        "credential_access",
        "recovery_inhibited",
        "encoded_command",
        "download",
    }
)
_ACCOUNT_SIGNS = frozenset({"rule_credentials", "rule_brute_force", "credential_access"})
_FILE_SIGNS = frozenset({"rule_malware", "public_drop", "offensive_tool", "download", "odd_service_binary"})


def is_outside(address: str) -> bool:
    """Return whether an address is none of ours by its range. Documentation ranges stand for outside (contract)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return not any(ip.version == network.version and ip in network for network in _OWN_NETWORKS)


def recommended(seen: Observation, probability: float, shown: str, factors: Sequence[Factor]) -> tuple[Action, ...]:
    """Return at most MAX_ACTIONS, most useful first; none for a false positive or a weak suspicion."""
    if shown == "false_positive" or (shown == "suspicious" and probability < LEAST_PROBABILITY):
        return ()
    signs = {factor.name for factor in factors if factor.weight > 0}
    tactics = {TACTIC_OF[name[:5]] for name in seen.techniques if name[:5] in TACTIC_OF}
    unique: dict[tuple[str, str], Action] = {}
    for action in _candidates(seen, shown, signs, tactics):
        unique.setdefault((action.type, action.target_value), action)
    return tuple(unique.values())[:MAX_ACTIONS]


def enrichment(seen: Observation, shown: str) -> tuple[dict[str, str], ...]:
    """Return the look-ups that would help to decide: {"type", "target_type", "target"}, none for a false positive."""
    if shown == "false_positive":
        return ()
    wanted: dict[tuple[str, str], dict[str, str]] = {}
    for entity in seen.entities:
        for lookup in _lookups(entity):
            wanted.setdefault(
                (lookup, entity.value), {"type": lookup, "target_type": entity.type, "target": entity.value}
            )
    return tuple(wanted.values())[:MAX_LOOKUPS]


def _candidates(seen: Observation, shown: str, signs: set[str], tactics: set[str]) -> Iterator[Action]:
    is_true = shown == "true_positive"
    yield from _against_addresses(seen)
    if is_true and (signs & _HOST_SIGNS or tactics & _HOST_TACTICS):
        yield from _against_host(seen)
    if is_true and signs & _FILE_SIGNS:
        yield from _against_files(seen)
    if tactics & {"command-and-control", "exfiltration"} or "rule_malware" in signs:
        for entity in _of_type(seen, "domain")[:1]:
            yield Action("block_domain", "domain", entity.value, "the alert speaks of traffic with it")
    if "credential-access" in tactics or signs & _ACCOUNT_SIGNS:
        kind = "disable_user" if is_true and "rule_credentials" in signs else "reset_password"
        yield from _against_account(seen, kind)


def _against_addresses(seen: Observation) -> Iterator[Action]:
    for entity in _of_type(seen, "ip"):
        if entity.role != "target" and is_outside(entity.value):
            yield Action("block_ip", "ip", entity.value, "the address lies outside and takes part in the alert")


def _against_host(seen: Observation) -> Iterator[Action]:
    """The machine that shows the signs; where roles tell, the attacked one."""
    hosts = [entity for entity in _of_type(seen, "host") if entity.role in {"target", "source"}]
    hosts.sort(key=lambda entity: entity.role != "target")
    for entity in hosts[:1]:
        yield Action("isolate_host", "host", entity.value, "the signs of an attack are on this host")


def _against_files(seen: Observation) -> Iterator[Action]:
    for entity in _of_type(seen, "file")[:1]:
        yield Action("quarantine_file", "file", entity.value, "the alert names it beside signs of malware")
    for entity in _of_type(seen, "hash")[-1:]:
        yield Action("block_hash", "hash", entity.value, "the alert names it beside signs of malware")


def _against_account(seen: Observation, kind: str) -> Iterator[Action]:
    for entity in _of_type(seen, "user")[:1]:
        if not _is_system_account(entity.value):
            yield Action(kind, "user", entity.value, "the alert speaks of this account's credentials")


def _of_type(seen: Observation, kind: str) -> list[EntityRef]:
    return [entity for entity in seen.entities if entity.type == kind]


def _is_system_account(name: str) -> bool:
    account = name.rsplit("\\", 1)[-1].lower()
    return account in {"system", "local service", "network service", "anonymous logon", "root"} or account.endswith("$")


def _lookups(entity: EntityRef) -> Iterator[str]:
    if entity.type == "ip" and is_outside(entity.value):
        yield "reputation_check"
    elif entity.type == "domain":
        yield "whois_lookup"
    elif entity.type == "hash":
        yield "sandbox_lookup"
    elif entity.type in {"host", "user"}:
        yield "siem_search"
