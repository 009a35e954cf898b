"""What the demo's agents propose about the demo's alerts: targets from the alert's own entities, words from here."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from approvals.services.propose import Proposal
from incidents.models import Alert
from soc.demo.world import COMPANY_DOMAIN, RESERVED_HOSTS, RESERVED_USERS, SERVERS, WORKSTATIONS

_HOSTS = {item.name for item in WORKSTATIONS} | {item.name for item in SERVERS}
_USERS = {item.user for item in WORKSTATIONS}
_OUTSIDE = ipaddress.ip_network("2001:db8::/32")


@dataclass(frozen=True, slots=True)
class Facts:
    """The parts of an alert that a proposal can be about; an empty string where it names none."""

    alert: Alert
    host: str = ""
    user: str = ""
    outside: str = ""
    domain: str = ""
    sha256: str = ""
    file: str = ""


Idea = Callable[[Facts], Proposal | None]


def facts_of(alert: Alert) -> Facts:
    """Return what the alert names; reads its entities."""
    found: dict[str, str] = {}
    for link in alert.alert_entities.select_related("entity").order_by("id"):
        kind, value = link.entity.type, link.entity.value
        if kind == "email" and value.endswith("@" + COMPANY_DOMAIN):
            kind, value = "user", value.partition("@")[0]
        field = _field(kind, value)
        if field:
            found.setdefault(field, value.rsplit("\\", 1)[-1] if field == "user" else value)
    return Facts(alert, **found)


def _field(kind: str, value: str) -> str:
    if kind == "host":
        return "host" if value in _HOSTS else ""
    if kind == "user":
        return "user" if value.rsplit("\\", 1)[-1] in _USERS else ""
    if kind == "ip":
        address = ipaddress.ip_address(value)
        return "outside" if address.version == 6 and address in _OUTSIDE else ""
    if kind == "domain":
        return "" if value == COMPANY_DOMAIN or value.endswith("." + COMPANY_DOMAIN) else "domain"
    return {"hash": "sha256", "file": "file"}.get(kind, "")


def is_reserved(proposal: Proposal) -> bool:
    """Whether the target is left to the reader."""
    return proposal.target_value in RESERVED_HOSTS | RESERVED_USERS


def ideas_for(alert: Alert) -> list[Proposal]:
    """Return what an agent would propose about this alert, the most fitting first."""
    facts = facts_of(alert)
    made = [idea(facts) for idea in IDEAS.get(alert.detection_id, ())]
    return [
        proposal for proposal in made if proposal is not None and proposal.target_value and not is_reserved(proposal)
    ]


def make(
    facts: Facts,
    action_type: str,
    target: tuple[str, str],
    why: str,
    *claims: str,
    confidence: float,
    undo: str = "",
    **params: Any,
) -> Proposal:
    """Return a proposal whose first evidence is the alert itself."""
    alert = facts.alert
    evidence = [{"claim": alert.title, "source": f"alert of {alert.source.name}", "ref": str(alert.id)}]
    evidence += [{"claim": claim, "source": "estate and alerts of the last 24 hours", "ref": ""} for claim in claims]
    return Proposal(
        action_type=action_type,
        target_type=target[0],
        target_value=target[1],
        params=params,
        reasoning=why,
        confidence=confidence,
        evidence=evidence,
        rollback_plan=undo,
        alert_id=alert.id,
    )


def _block_ip(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "block_ip",
        ("ip", facts.outside),
        f"{facts.outside} takes part in an attack that was seen on our side. No business partner uses the address; "
        "blocking it costs nothing that we know of.",
        f"No other workstation talked to {facts.outside} in the last 24 hours.",
        confidence=0.88,
        undo="unblock_ip lifts the block at once.",
    )


def _block_domain(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "block_domain",
        ("domain", facts.domain),
        f"The name {facts.domain} serves this attack and nothing else that our people use.",
        f"{facts.domain} was first looked up from here today.",
        confidence=0.9,
        undo="unblock_domain lifts the block at once.",
    )


def _block_hash(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "block_hash",
        ("hash", facts.sha256),
        "The file matched a malware signature on one machine; the same file must not run on the others.",
        "The endpoint stopped it before it ran, so nothing has to be cleaned up here.",
        confidence=0.93,
        undo="unblock_hash lets it run again.",
    )


def _isolate(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "isolate_host",
        ("host", facts.host),
        f"The signs on {facts.host} follow one another as in a hands-on intrusion. Cutting it off "
        f"stops what is under way; "
        "the management channel stays.",
        f"Two other rules fired on {facts.host} within the hour.",
        f"{facts.host} serves one person; no service depends on it.",
        confidence=0.86,
        undo="release_host puts it back on the network within a minute.",
    )


def _disable(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "disable_user",
        ("user", facts.user),
        f"The credentials of {facts.user} must be taken as stolen: the program that read them was no security product.",
        f"{facts.user} is logged in on one workstation only.",
        confidence=0.81,
        undo="enable_user, after a new password was set in person.",
    )


def _reset(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "reset_password",
        ("user", facts.user),
        f"{facts.user} probably typed the password where a stranger reads it. A new one closes that door.",
        f"No log-in of {facts.user} from elsewhere was seen so far.",
        confidence=0.84,
    )


def _quarantine(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "quarantine_file",
        ("file", facts.file),
        "The file came with the mail or the download that began this; it should not be opened a second time.",
        f"It lies on {facts.host} only.",
        confidence=0.9,
        undo="restore_file puts it back at its place.",
        host=facts.host or None,
    )


def _memory(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "collect_memory",
        ("host", facts.host),
        f"What runs on {facts.host} is gone after a restart. An image now answers whether credentials were taken.",
        f"{facts.host} has been up since before the first alert.",
        confidence=0.79,
    )


def _files(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "collect_files",
        ("host", facts.host),
        f"The standard set of {facts.host} shows how the file came and what else the same program wrote.",
        "The disk is encrypted; the collection runs through the endpoint agent.",
        confidence=0.77,
    )


def _revoke(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "revoke_sessions",
        ("user", facts.user),
        f"Somebody else holds a session of {facts.user}. Ending all of them logs the person out everywhere too.",
        f"Two sessions of {facts.user} are open at once, from two places.",
        confidence=0.82,
    )


def _wipe(facts: Facts) -> Proposal | None:
    return make(
        facts,
        "wipe_endpoint",
        ("host", facts.host),
        f"{facts.host} ran the attacker's program with full rights; nothing on it can be trusted. Its "
        f"person works from the "
        "file server, which has a backup of last night.",
        "A memory image was taken before.",
        confidence=0.74,
    )


def _whois(facts: Facts) -> Proposal | None:
    return make(facts, "whois_lookup", ("domain", facts.domain), "Who registered the name, and when.", confidence=0.95)


def _reputation(facts: Facts) -> Proposal | None:
    return make(facts, "reputation_check", ("ip", facts.outside), "Whether others know the address.", confidence=0.95)


#: What each detection suggests, the most fitting first.
IDEAS: dict[str, tuple[Idea, ...]] = {
    "MG-MACRO-NEW-DOMAIN": (_block_domain, _whois),
    "MG-CREDENTIAL-PAGE": (_reset, _block_domain, _whois, _revoke),
    "halden-office-child": (_quarantine, _isolate, _files),
    "1000120": (_block_domain, _block_ip, _reputation),
    "halden-2f1c-lsass": (_memory, _disable, _isolate, _wipe),
    "100410": (_memory, _disable),
    "halden-large-upload": (_block_ip, _isolate, _block_domain, _reputation),
    "100230": (_block_ip, _reset, _reputation, _revoke),
    "halden-malware-prevented": (_block_hash, _files),
    "1000440": (_reputation, _block_ip),
    "halden-90d3-shadow": (_memory, _files),
}
