"""The catalogue: every action type with its target kinds, parameters, category, inverse and effect in words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Category(StrEnum):
    READ_ONLY = "read_only"
    LOW_CONTAINMENT = "low_impact_containment"
    MEDIUM_RESPONSE = "medium_impact_response"
    HIGH_REMEDIATION = "high_impact_remediation"
    CRITICAL = "critical"


class Params(BaseModel):
    """No parameters: an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class IsolateParams(Params):
    """Full isolation; selective comes with the first connector that can do it."""

    isolation_type: Literal["full"] = "full"


class FileParams(Params):
    """The host on which the file is quarantined; None: every host that has it."""

    host: str | None = Field(default=None, min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


class CollectParams(Params):
    """What to collect; empty: the standard triage set."""

    paths: list[str] = Field(default_factory=list, max_length=50)


@dataclass(frozen=True, slots=True)
class ActionType:
    """One kind of action. `sentence` says what will happen, over {target}; `inverse` is the type that undoes it."""

    key: str
    label: str
    sentence: str
    target_types: tuple[str, ...]
    category: Category
    params: type[Params] = Params
    inverse: str | None = None
    #: False: nothing brings it back. Look-ups and collections change nothing that would need undoing.
    reversible: bool = True
    #: Counted while in force, against a cap ("5 hosts isolated at once").
    blast_key: str | None = None
    #: At most this many proposals of the type an hour and team.
    hourly_cap: int | None = None


def _block(kind: str, noun: str) -> tuple[ActionType, ActionType]:
    return (
        ActionType(
            f"block_{kind}",
            f"Block {noun}",
            f"All traffic to and from the {noun} {{target}} is blocked.",
            (kind,),
            Category.LOW_CONTAINMENT,
            inverse=f"unblock_{kind}",
            hourly_cap=100,
        ),
        ActionType(
            f"unblock_{kind}",
            f"Unblock {noun}",
            f"The block of the {noun} {{target}} is lifted.",
            (kind,),
            Category.LOW_CONTAINMENT,
            inverse=f"block_{kind}",
        ),
    )


_ANY = ("host", "user", "ip", "domain", "url", "hash")
_TYPES = (
    ActionType(
        "whois_lookup",
        "WHOIS look-up",
        "The registration of {target} is looked up.",
        ("ip", "domain"),
        Category.READ_ONLY,
    ),
    ActionType(
        "reputation_check",
        "Reputation check",
        "The reputation of {target} is looked up.",
        ("ip", "domain", "url", "hash"),
        Category.READ_ONLY,
    ),
    ActionType(
        "sandbox_lookup",
        "Sandbox look-up",
        "Earlier sandbox reports on {target} are looked up.",
        ("hash", "url", "domain"),
        Category.READ_ONLY,
    ),
    ActionType(
        "siem_search", "SIEM search", "Events that mention {target} are searched for.", _ANY, Category.READ_ONLY
    ),
    *_block("ip", "address"),
    *_block("domain", "domain"),
    ActionType(
        "block_hash",
        "Block hash",
        "Files with the hash {target} may not run any more.",
        ("hash",),
        Category.LOW_CONTAINMENT,
        inverse="unblock_hash",
        hourly_cap=100,
    ),
    ActionType(
        "unblock_hash",
        "Unblock hash",
        "Files with the hash {target} may run again.",
        ("hash",),
        Category.LOW_CONTAINMENT,
        inverse="block_hash",
    ),
    ActionType(
        "disable_user",
        "Disable user",
        "{target} can no longer log in anywhere.",
        ("user",),
        Category.MEDIUM_RESPONSE,
        inverse="enable_user",
    ),
    ActionType(
        "enable_user",
        "Enable user",
        "{target} can log in again.",
        ("user",),
        Category.MEDIUM_RESPONSE,
        inverse="disable_user",
    ),
    ActionType(
        "reset_password",
        "Reset password",
        "The password of {target} is replaced; the old one stops working.",
        ("user",),
        Category.MEDIUM_RESPONSE,
        reversible=False,
    ),
    ActionType(
        "quarantine_file",
        "Quarantine file",
        "The file {target} is moved to quarantine.",
        ("file", "hash"),
        Category.MEDIUM_RESPONSE,
        FileParams,
        inverse="restore_file",
    ),
    ActionType(
        "restore_file",
        "Restore file",
        "The file {target} is put back from quarantine.",
        ("file", "hash"),
        Category.MEDIUM_RESPONSE,
        FileParams,
        inverse="quarantine_file",
    ),
    ActionType(
        "isolate_host",
        "Isolate host",
        "{target} is cut off from the network.",
        ("host",),
        Category.MEDIUM_RESPONSE,
        IsolateParams,
        inverse="release_host",
        blast_key="isolated_hosts",
    ),
    ActionType(
        "release_host",
        "Release host",
        "{target} is connected to the network again.",
        ("host",),
        Category.MEDIUM_RESPONSE,
        inverse="isolate_host",
    ),
    ActionType(
        "collect_memory",
        "Collect memory",
        "A full memory image of {target} is taken.",
        ("host",),
        Category.HIGH_REMEDIATION,
    ),
    ActionType(
        "collect_files",
        "Collect files",
        "Files of {target} are copied for forensics.",
        ("host",),
        Category.HIGH_REMEDIATION,
        CollectParams,
    ),
    ActionType(
        "wipe_endpoint",
        "Wipe endpoint",
        "Everything on {target} is erased.",
        ("host",),
        Category.CRITICAL,
        reversible=False,
    ),
    ActionType(
        "revoke_sessions",
        "Revoke sessions",
        "{target} is logged out everywhere at once.",
        ("user",),
        Category.CRITICAL,
        reversible=False,
    ),
)
CATALOGUE: dict[str, ActionType] = {item.key: item for item in _TYPES}


def get(key: str) -> ActionType | None:
    """Return the action type, or None for one that the catalogue does not know."""
    return CATALOGUE.get(key)
