"""Which rule holds: of all rows that match, the strictest; none means dual. Pure functions over rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

#: From the loosest to the strictest.
ORDER = ("none", "optional", "recommended", "required", "dual_required")

_SENIOR_UP = ("senior_analyst", "soc_lead", "incident_commander")
_LEAD_UP = ("soc_lead", "incident_commander")
#: Default slots by level (contract.md).
DEFAULT_SLOTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "none": (),
    "optional": (("analyst", ("analyst", *_SENIOR_UP)),),
    "recommended": (("analyst", ("analyst", *_SENIOR_UP)),),
    "required": (("senior_analyst", _SENIOR_UP),),
    "dual_required": (("senior_analyst", _SENIOR_UP), ("soc_lead", _LEAD_UP)),
}
#: (deadline in seconds or None, what happens then, hard expiry in seconds) by level.
DEFAULT_TIMES: dict[str, tuple[int | None, str, int]] = {
    "none": (None, "proceed_at_once", 24 * 3600),
    "optional": (15 * 60, "proceed", 24 * 3600),
    "recommended": (4 * 3600, "stay_overdue", 24 * 3600),
    "required": (3600, "escalate", 24 * 3600),
    "dual_required": (30 * 60, "page_on_call", 4 * 3600),
}


#: A level that names fewer slots than this fails closed.
_LEAST_SLOTS = {"none": 0, "optional": 1, "recommended": 1, "required": 1, "dual_required": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the policy; an empty match column matches anything."""

    level: str
    action_type: str = ""
    criticality: str = ""
    asset_class: str = ""
    slots: tuple[tuple[str, tuple[str, ...]], ...] = ()
    deadline_seconds: int | None = None
    at_deadline: str = "page_on_call"
    expires_seconds: int = 4 * 3600
    id: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged, in canonical values only."""

    action_type: str
    criticality: str = ""
    asset_class: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rule that holds and why, in words for the page."""

    rule: Rule
    reasons: tuple[str, ...] = field(default_factory=tuple)


def rule_of(level: str, **match: Any) -> Rule:
    """Return a rule of that level with the default slots and times."""
    deadline, at_deadline, expires = DEFAULT_TIMES[level]
    return Rule(
        level=level,
        slots=DEFAULT_SLOTS[level],
        deadline_seconds=deadline,
        at_deadline=at_deadline,
        expires_seconds=expires,
        **match,
    )


def raised(judgement: Judgement, level: str, reason: str) -> Judgement:
    """Return the judgement with at least this level, in the matched rule's name; nothing is ever lowered."""
    if ORDER.index(judgement.rule.level) >= ORDER.index(level):
        return judgement
    rule = rule_of(level, id=judgement.rule.id, note=judgement.rule.note)
    return Judgement(rule, (*judgement.reasons, reason))


FAIL_CLOSED = rule_of("dual_required", note="no rule matches: two people")


def judge(subject: Subject, rules: Sequence[Rule]) -> Judgement:
    """Return the strictest matching rule; without one, dual. A rule that needs people but names none counts as dual."""
    matching = [rule for rule in rules if _matches(rule, subject)]
    if not matching:
        return Judgement(FAIL_CLOSED, ("No rule of the policy matches, so two people decide.",))
    best = max(matching, key=lambda rule: (ORDER.index(rule.level), _specificity(rule)))
    if len(best.slots) < _LEAST_SLOTS[best.level]:
        return Judgement(FAIL_CLOSED, ("The matching rule names too few people, so two decide.",))
    return Judgement(best, (best.note or f"The policy sets {best.level} for {subject.action_type}.",))


def _matches(rule: Rule, subject: Subject) -> bool:
    return all(
        wanted in ("", has)
        for wanted, has in (
            (rule.action_type, subject.action_type),
            (rule.criticality, subject.criticality),
            (rule.asset_class, subject.asset_class),
        )
    )


def _specificity(rule: Rule) -> int:
    return sum(bool(column) for column in (rule.action_type, rule.criticality, rule.asset_class))


def default_rules() -> list[Rule]:
    """Return domain.md's table: the policy of a new installation."""
    levels = {
        "none": ("whois_lookup", "reputation_check", "sandbox_lookup", "siem_search"),
        "optional": ("block_ip", "block_domain", "block_hash", "unblock_ip", "unblock_domain", "unblock_hash"),
        "recommended": (
            "disable_user",
            "enable_user",
            "reset_password",
            "quarantine_file",
            "restore_file",
            "isolate_host",
            "release_host",
        ),
        "required": ("collect_memory", "collect_files"),
        "dual_required": ("wipe_endpoint", "revoke_sessions"),
    }
    rules = [
        rule_of(level, action_type=key, note=f"{key} needs the level {level}.")
        for level, keys in levels.items()
        for key in keys
    ]
    for action_type in ("isolate_host", "release_host"):
        rules.append(rule_of("required", action_type=action_type, asset_class="server", note="The target is a server."))
        rules.append(
            rule_of("required", action_type=action_type, criticality="critical", note="The target is critical.")
        )
    rules.append(
        rule_of(
            "dual_required",
            action_type="reset_password",
            criticality="critical",
            note="It cannot be undone and the target is critical.",
        )
    )
    return rules
