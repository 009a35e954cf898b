"""The guardrails, in order, as pure functions over facts. They refuse or warn; none lowers a level."""

import ipaddress
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from approvals.catalogue import ActionType
from integrations.inventory import Asset

#: Kinds whose targets must be in the inventory.
INVENTORIED = frozenset({"host", "user"})
#: Fewer earlier proposals than this say nothing about what is usual for an agent.
ANOMALY_FLOOR = 20
#: Outside addresses that are never blocked: resolvers that the whole company depends on.
KNOWN_BENIGN = frozenset(
    {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "2606:4700:4700::1111", "2001:4860:4860::8888"}
)
#: RFC 5737 and RFC 3849: documentation ranges stand for outside addresses here, though Python calls them private.
_DOCUMENTATION = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)


#: IPv6 ranges that carry an IPv4 address (compatible, mapped, NAT64, 6to4) or never leave a site.
_EMBEDDING = tuple(
    ipaddress.IPv6Network(text)
    for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guardrails judge, read under the proposal's locks."""

    action_type: ActionType | None
    type_key: str
    connector_label: str
    target_type: str
    target_value: str
    asset: Asset | None
    duplicate_of: str
    hourly_used: int
    blast_used: int
    blast_cap: int
    earlier_proposals: int
    same_type_before: int
    #: The host that a parameter names; empty where the target alone says it.
    host: str = field(default="", kw_only=True)
    rollback_plan: str
    is_rollback: bool = False
    #: Who stopped or froze what covers this, when and why; empty where nothing does.
    stopped: str = ""
    frozen: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One guardrail's answer; `used` and `cap` are its meter where it has one."""

    name: str
    outcome: str
    detail: str
    used: int | None = None
    cap: int | None = None
    #: The level that this outcome asks for at least.
    at_least: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, without an empty meter."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def evaluate(facts: Facts) -> list[Outcome]:
    """Return every guardrail's outcome in order, stopping after the first refusal: what follows was not asked."""
    outcomes: list[Outcome] = []
    for guardrail in _ORDER:
        outcome = guardrail(facts)
        outcomes.append(outcome)
        if outcome.outcome == "refuse":
            break
    return outcomes


def refusal(outcomes: list[Outcome]) -> Outcome | None:
    """Return the outcome that refuses, if one does."""
    return next((item for item in outcomes if item.outcome == "refuse"), None)


def least_level(outcomes: list[Outcome]) -> Outcome | None:
    """Return the outcome that asks for people, if one does; the level only rises by it."""
    return next((item for item in outcomes if item.at_least), None)


def _kill_switch(facts: Facts) -> Outcome:
    if facts.stopped:
        return Outcome("kill_switch", "refuse", facts.stopped)
    return Outcome("kill_switch", "pass", "Nothing that this needs is stopped.")


def _allowlist(facts: Facts) -> Outcome:
    if facts.action_type is None:
        return Outcome("allowlist", "refuse", f"The catalogue has no action type {facts.type_key!r}.")
    if not facts.connector_label:
        return Outcome("allowlist", "refuse", f"No connector can perform {facts.type_key}.")
    return Outcome("allowlist", "pass", f"{facts.type_key} is in the catalogue; {facts.connector_label} performs it.")


def _canonical_target(facts: Facts) -> Outcome:
    if facts.target_type not in INVENTORIED and not facts.host:
        return Outcome("canonical_target", "pass", f"{facts.target_type} {facts.target_value} has one plain spelling.")
    if facts.asset is None:
        return Outcome("canonical_target", "refuse", f"The inventory of this team has no {_named(facts)}.")
    owner = f", owner {facts.asset.owner}" if facts.asset.owner else ""
    return Outcome(
        "canonical_target",
        "pass",
        f"{facts.asset.name}: {facts.asset.asset_class.replace('_', ' ')}, {facts.asset.criticality}{owner}.",
    )


def _named(facts: Facts) -> str:
    return f"host {facts.host}" if facts.host else f"{facts.target_type} {facts.target_value}"


def _protected_target(facts: Facts) -> Outcome:
    if facts.asset is not None and facts.asset.is_protected:
        return Outcome("protected_target", "refuse", f"{facts.asset.name} is protected: no action may touch it.")
    is_block = facts.action_type is not None and facts.action_type.key.startswith("block_")
    if is_block and facts.target_type == "ip" and (why := _protected_address(facts.target_value)):
        return Outcome(
            "protected_target", "refuse", f"{facts.target_value} {why}: blocking it would cut ourselves off."
        )
    return Outcome("protected_target", "pass", "The target is not on the protected list.")


def _protected_address(value: str) -> str:
    address = ipaddress.ip_address(value)
    if any(address in network for network in _DOCUMENTATION if network.version == address.version):
        return ""
    if value in KNOWN_BENIGN:
        return "is a public resolver"
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _EMBEDDING):
        return "carries an IPv4 address inside: name that one"
    if not address.is_global or address.is_multicast:
        return "is an own or special-purpose address"
    return ""


def _duplicate(facts: Facts) -> Outcome:
    if facts.duplicate_of:
        return Outcome("duplicate", "refuse", f"The same action on the same target is open: {facts.duplicate_of}.")
    return Outcome("duplicate", "pass", "No open action of this type is on this target.")


def _rate(facts: Facts) -> Outcome:
    cap = facts.action_type.hourly_cap if facts.action_type else None
    if cap is None:
        return Outcome("rate", "pass", "This type has no hourly limit.")
    used = facts.hourly_used
    if used >= cap:
        return Outcome("rate", "refuse", f"{used} of {cap} proposals of this type were made this hour.", used, cap)
    return Outcome("rate", "pass", f"{used + 1} of {cap} proposals of this type this hour.", used + 1, cap)


def _blast_radius(facts: Facts) -> Outcome:
    if facts.action_type is None or facts.action_type.blast_key is None:
        return Outcome("blast_radius", "pass", "One target; nothing of this kind is capped.")
    used, cap = facts.blast_used, facts.blast_cap
    noun = facts.action_type.blast_key.replace("_", " ")
    if used >= cap:
        return Outcome("blast_radius", "refuse", f"{used} of {cap} {noun} are in use.", used, cap)
    return Outcome("blast_radius", "pass", f"{used} of {cap} {noun} in use; this would make {used + 1}.", used, cap)


def _rollback_plan(facts: Facts) -> Outcome:
    kind = facts.action_type
    if kind is None or not kind.reversible:
        return Outcome("rollback_plan", "warn", "Irreversible: nothing brings this back.")
    if kind.inverse is None:
        return Outcome("rollback_plan", "pass", "Nothing is changed, so there is nothing to roll back.")
    plan = f" The agent's plan: {facts.rollback_plan[:200]}" if facts.rollback_plan else ""
    return Outcome("rollback_plan", "pass", f"{kind.inverse} undoes it.{plan}")


def _anomaly(facts: Facts) -> Outcome:
    if facts.earlier_proposals < ANOMALY_FLOOR:
        return Outcome(
            "anomaly", "abstain", f"{facts.earlier_proposals} earlier proposals: too few to say what is usual here."
        )
    if facts.same_type_before == 0:
        return Outcome("anomaly", "warn", "This agent has never proposed this type before.")
    return Outcome("anomaly", "pass", f"This agent proposed this type {facts.same_type_before} times before.")


def _change_freeze(facts: Facts) -> Outcome:
    if facts.frozen:
        return Outcome(
            "change_freeze", "warn", f"{facts.frozen} Nothing proceeds by itself meanwhile.", at_least="recommended"
        )
    return Outcome("change_freeze", "pass", "No change freeze covers this.")


_ORDER: tuple[Callable[[Facts], Outcome], ...] = (
    _kill_switch,
    _allowlist,
    _canonical_target,
    _protected_target,
    _duplicate,
    _rate,
    _blast_radius,
    _rollback_plan,
    _anomaly,
    _change_freeze,
)
