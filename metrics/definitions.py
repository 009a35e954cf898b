"""The metrics as data: what each is called, how it is counted, what it aims at, and how it can mislead.

The first nine are the ones that the product promises (`Group.NINE`), the others are our own. docs/metrics.md says the
same at length; a test compares the keys.
"""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a value is counted in. A share lies between 0 and 1."""

    SECONDS = "seconds"
    SHARE = "share"


class Group(StrEnum):
    NINE = "nine"
    OURS = "ours"


class Headline(StrEnum):
    """What `value` is: the mean of durations, a share of rows, the share within one split, or a precision."""

    MEAN = "mean"
    SHARE = "share"
    PRECISION = "precision"


@dataclass(frozen=True, slots=True)
class Target:
    """The aim: the value lies below or above `value` (in the metric's unit)."""

    direction: str
    value: float

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the aim; equality does not."""
        return value < self.value if self.direction == "below" else value > self.value


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. `coverage` names, in words, the rows that count and those that do not (yet).

    `focus` is the split that the target speaks of ("low" for the automation rate); empty: all rows.
    `splits_are_kinds`: the splits are ways to end (their share of all rows is shown), not groups with a value each.
    `missing` says why there is no value in this version; empty where it is computed.
    `row_words` names one row for people: (singular, plural).
    """

    key: str
    name: str
    group: Group
    unit: Unit
    headline: Headline
    target: Target | None
    formula: str
    traps: tuple[str, ...]
    coverage: str
    row_words: tuple[str, str] = ("row", "rows")
    open_words: str = ""
    focus: str = ""
    splits_are_kinds: bool = False
    missing: str = ""

    @property
    def is_computed(self) -> bool:
        """Whether this version has the rows that the metric counts."""
        return not self.missing


MINUTE = 60.0
HOUR = 3600.0

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        key="mttt",
        name="Mean time to triage",
        group=Group.NINE,
        unit=Unit.SECONDS,
        headline=Headline.MEAN,
        target=Target("below", 5 * MINUTE),
        formula="From the alert's receipt to its first classification, by the engine or by a person, whichever came "
        "first.",
        traps=(
            "Automatic triage takes seconds and hides a human queue: look at the split.",
            "A repeated triage is not counted again; a repeat of the alert raises its count and is no new row.",
            "Alerts that nobody has classified yet have no time: they are counted beside the figure, not in it.",
        ),
        coverage="alerts received in the period",
        row_words=("alert", "alerts"),
        open_words="not classified yet",
    ),
    Definition(
        key="mttr",
        name="Mean time to respond",
        group=Group.NINE,
        unit=Unit.SECONDS,
        headline=Headline.MEAN,
        target=Target("below", 30 * MINUTE),
        formula="From the source's detection to the first containment that was executed on the alert and verified by "
        "reading the target back.",
        traps=(
            "Open ones are missing from every percentile: see how many there are and how old the oldest is.",
            "An execution that could not be verified does not stop the clock.",
            "The start is the source's clock. A containment before the detection (a clock that is ahead) is left out.",
            "An alert for which nobody proposed containment is not a row; nor is an open one that people called a "
            "false positive.",
        ),
        coverage="alerts detected in the period for which containment was proposed and not turned down",
        row_words=("alert", "alerts"),
        open_words="still open",
    ),
    Definition(
        key="automation_rate",
        name="Automation rate",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("above", 0.70),
        formula="Of the alerts that the engine classified, those that it settled alone: true or false positive, no "
        "veto, and no person gave a verdict or decided on an action of the alert. The value is for low severity; the "
        "others are beside it.",
        traps=(
            "Settled is not closed: this version does not close alerts, so an engine's unvetoed verdict stands for it.",
            "A high rate says nothing about being right: read it with the agent's accuracy.",
        ),
        coverage="alerts received in the period that the engine classified",
        row_words=("alert", "alerts"),
        focus="low",
    ),
    Definition(
        key="fp_reduction",
        name="False-positive reduction",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("above", 0.50),
        formula="Analyst minutes spent on false positives, against a baseline window.",
        traps=("Without a baseline from before there is nothing to compare with.",),
        coverage="alerts that people called false positives",
        missing="No baseline window is set, and analyst minutes are not measured in this version.",
    ),
    Definition(
        key="investigation_completeness",
        name="Investigation completeness",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("above", 0.80),
        formula="Checklist items of an investigation that were filled automatically, of those that apply.",
        traps=("An item filled with nothing in it must not count as filled.",),
        coverage="investigations finished in the period",
        missing="Investigations have no checklist in this version.",
    ),
    Definition(
        key="override_rate",
        name="Override rate",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("below", 0.10),
        formula="Of the agents' recommendations that people reviewed, those that they rejected, corrected, or "
        "rolled back within 24 hours. A recommendation is an agent's action that people decided on, or an engine's "
        "verdict that a person agreed with or corrected (each alert once, by its last verdict).",
        traps=(
            "What nobody reviewed is in neither number: a small denominator may be the unusual cases only.",
            "People who approve without reading make it look good: read it with the rubber-stamp index.",
            "An engine's “suspicious” that a person resolves counts as overridden; it has a line of its own.",
        ),
        coverage="recommendations reviewed in the period",
        row_words=("review", "reviews"),
        splits_are_kinds=True,
    ),
    Definition(
        key="mttd",
        name="Mean time to detect",
        group=Group.NINE,
        unit=Unit.SECONDS,
        headline=Headline.MEAN,
        target=Target("below", 1 * HOUR),
        formula="From the start of the attack, as a person confirmed it on the incident's timeline, to its detection.",
        traps=("A source's own “occurred at” is a claim of one event, not the start of the attack.",),
        coverage="confirmed attacks whose start a person confirmed",
        row_words=("attack", "attacks"),
        missing="Incident timelines, on which a person confirms the start, are not part of this version.",
    ),
    Definition(
        key="cost_per_incident",
        name="Cost per incident",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("below", -0.40),
        formula="Model cost, enrichment cost and analyst minutes at their rate, per incident, against a baseline.",
        traps=("The rate is a setting: changing it changes the past.",),
        coverage="incidents closed in the period",
        missing="Incidents and costs are not recorded in this version.",
    ),
    Definition(
        key="agent_accuracy",
        name="Agent accuracy",
        group=Group.NINE,
        unit=Unit.SHARE,
        headline=Headline.PRECISION,
        target=Target("above", 0.95),
        formula="Precision: of the alerts that the engine called true positive and a person judged, those that the "
        "person called true positive too. Recall: of those that a person called true positive, those that the "
        "engine did too.",
        traps=(
            "Only alerts that a person judged count, and people judge what looks odd: recall is too rosy where closed "
            "alerts are never sampled.",
            "“Suspicious” is the engine abstaining: it lowers recall, not precision.",
            "Later verdicts of the engine, learnt from the person's, are not compared: the one that was reviewed is.",
        ),
        coverage="alerts whose last human verdict on an engine's verdict was given in the period",
        row_words=("alert", "alerts"),
    ),
    Definition(
        key="decision_latency",
        name="Decision latency",
        group=Group.OURS,
        unit=Unit.SECONDS,
        headline=Headline.MEAN,
        target=None,
        formula="From the proposal to the decision of the people, by level (for dual: to the second approval).",
        traps=(
            "What proceeded by policy is not a decision and not a row.",
            "Waiting ones are counted beside the figure; a night's wait is in it.",
        ),
        coverage="actions proposed in the period that people decided or still have to decide",
        row_words=("action", "actions"),
        open_words="waiting for people",
    ),
    Definition(
        key="sla_kept",
        name="Deadlines kept",
        group=Group.OURS,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("above", 0.95),
        formula="Of the actions whose deadline passed in the period, those that people decided before it.",
        traps=(
            "Proceeding by policy at the deadline is not keeping it.",
            "Actions taken back before their deadline are not due and not rows.",
        ),
        coverage="actions whose deadline fell into the period",
        row_words=("deadline", "deadlines"),
        splits_are_kinds=True,
    ),
    Definition(
        key="rubber_stamp",
        name="Rubber-stamp index",
        group=Group.OURS,
        unit=Unit.SHARE,
        headline=Headline.SHARE,
        target=Target("below", 0.05),
        formula="Of the approvals, those given without opening the evidence or less than 5 seconds after opening it.",
        traps=(
            "Not a performance score: it is shown for the team, and its rows name nobody.",
            "The seconds run from the first opening: coming back to an item and approving at once looks careful.",
        ),
        coverage="approvals given in the period",
        row_words=("approval", "approvals"),
        splits_are_kinds=True,
    ),
)
BY_KEY: dict[str, Definition] = {item.key: item for item in DEFINITIONS}

#: Words of the splits, for people.
SPLITS: dict[str, str] = {
    "automatic": "automatic",
    "human": "by people",
    "waiting": "not classified yet",
    "open": "still open",
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "confirmed": "action confirmed",
    "rejected": "action rejected",
    "rolled_back": "action rolled back within 24 h",
    "verdict_confirmed": "verdict confirmed",
    "verdict_corrected": "verdict corrected",
    "abstention_resolved": "“suspicious” resolved",
    "optional": "optional",
    "recommended": "recommended",
    "required": "required",
    "dual_required": "dual",
    "met": "decided in time",
    "late": "decided late",
    "proceeded": "proceeded by policy",
    "overdue": "overdue, undecided",
    "lapsed": "lapsed undecided",
    "not_opened": "evidence not opened",
    "too_fast": "under 5 seconds",
    "read": "evidence read",
}
SPLIT_ORDER = {key: rank for rank, key in enumerate(SPLITS)}
#: The three verdicts, in the order of the confusion matrix.
VERDICTS = ("true_positive", "suspicious", "false_positive")
