"""What is stopped (kill switch) or frozen (change freeze): set by one person at once, lifted by two."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from accounts.models import Role, Team, User
from accounts.people import team_ids_of
from approvals.clock import database_now

#: The advisory lock between stops and claims; approvals/sql/control.sql has the same number.
CONTROL_LOCK = 7_305_174_400_021


class StopKind(models.TextChoices):
    """A stop keeps actions from running; a freeze keeps them from running without a person."""

    KILL_SWITCH = "kill_switch", "Kill switch"
    CHANGE_FREEZE = "change_freeze", "Change freeze"


class StopScope(models.TextChoices):
    ALL = "all", "Everything"
    AGENT = "agent", "One agent"
    ACTION_TYPE = "action_type", "One action type"
    CONNECTOR = "connector", "One connector"


#: Who may set, and ask to lift, and confirm lifting. approvals_may_control in control.sql says the same.
ENTITLED: dict[str, frozenset[str]] = {
    StopKind.KILL_SWITCH: frozenset({Role.SENIOR_ANALYST, Role.SOC_LEAD, Role.INCIDENT_COMMANDER, Role.ADMIN}),
    StopKind.CHANGE_FREEZE: frozenset({Role.SOC_LEAD, Role.INCIDENT_COMMANDER, Role.ADMIN}),
}


class StopQuerySet(models.QuerySet["Stop"]):
    """Reads; a stop of one agent is seen by those who see its team, the others concern everybody."""

    def for_user(self, user: User) -> Self:
        """Only what concerns the person's desk."""
        return self.for_teams(team_ids_of(user))

    def for_teams(self, team_ids: list[uuid.UUID]) -> Self:
        """Only what concerns these teams."""
        return self.filter(Q(team=None) | Q(team_id__in=team_ids))

    def unlifted(self, now: dt.datetime) -> Self:
        """What is in force, and the freezes that are still to begin."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), lifted_at=None)

    def in_force(self, now: dt.datetime) -> Self:
        """What holds at this moment."""
        return self.unlifted(now).filter(Q(starts_at=None) | Q(starts_at__lte=now))

    def over(self, now: dt.datetime) -> Self:
        """What was lifted, and the freezes that ended."""
        return self.filter(Q(lifted_at__isnull=False) | Q(ends_at__lte=now))

    def covering(self, *, action_type: str, agent_id: uuid.UUID | None, connector: str) -> Self:
        """What covers an action of this type, proposed by this agent (None: a person), done by this connector."""
        covers = Q(scope=StopScope.ALL) | Q(scope=StopScope.ACTION_TYPE, key=action_type)
        covers |= Q(scope=StopScope.CONNECTOR, key=connector)
        if agent_id is not None:
            covers |= Q(scope=StopScope.AGENT, key=str(agent_id))
        return self.filter(covers)

    def locked(self, pk: Any) -> "Stop":
        """Lock the row and return it as it is now. Raises DoesNotExist."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Stop(models.Model):
    """One stop or freeze. Only the lift columns ever move, and a trigger sees to it that two people lift."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=StopKind)
    scope = models.CharField(max_length=16, choices=StopScope)
    #: The agent's id, the action type's or the connector's key; empty for everything.
    key = models.CharField(max_length=64, blank=True)
    #: The name of what `key` means, as it was when this was set.
    label = models.CharField(max_length=120, blank=True)
    #: The agent's team; empty for what concerns every team.
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    #: A freeze's window; a kill switch has none and holds until it is lifted.
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_by_person_id = models.UUIDField()
    set_at = models.DateTimeField()

    lift_requested_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lift_requested_person_id = models.UUIDField(null=True, blank=True)
    lift_requested_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=1000, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_person_id = models.UUIDField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    revision = models.IntegerField(default=1)

    objects = StopQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "key"],
                condition=Q(kind="kill_switch", lifted_at=None),
                name="one_active_kill_switch",
            ),
            models.CheckConstraint(
                condition=Q(scope="all", key="") | (~Q(scope="all") & ~Q(key="")), name="a_stop_names_what_it_stops"
            ),
            models.CheckConstraint(
                condition=Q(scope="agent", team__isnull=False) | (~Q(scope="agent") & Q(team=None)),
                name="only_agents_have_a_team",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_stop_has_a_reason"),
            models.CheckConstraint(
                condition=Q(kind="kill_switch", starts_at=None, ends_at=None)
                | Q(kind="change_freeze", starts_at__isnull=False, ends_at__gt=F("starts_at")),
                name="a_freeze_ends_a_kill_switch_does_not",
            ),
            models.CheckConstraint(
                condition=Q(
                    lift_requested_by=None, lift_requested_person_id=None, lift_requested_at=None, lift_reason=""
                )
                | (
                    Q(
                        lift_requested_by__isnull=False,
                        lift_requested_person_id__isnull=False,
                        lift_requested_at__isnull=False,
                    )
                    & ~Q(lift_reason="")
                ),
                name="a_lift_request_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by=None, lifted_person_id=None, lifted_at=None)
                | Q(
                    lifted_by__isnull=False,
                    lifted_person_id__isnull=False,
                    lifted_at__isnull=False,
                    lift_requested_at__isnull=False,
                ),
                name="a_lift_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(lifted_person_id=None) | ~Q(lifted_person_id=F("lift_requested_person_id")),
                name="two_people_lift",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-set_at", "-id"], condition=Q(lifted_at=None), name="stop_active")]

    def __str__(self) -> str:
        return f"{self.get_kind_display().lower()} on {self.what}"

    @property
    def what(self) -> str:
        """What is stopped, in words: "everything", "the agent responder"."""
        if self.scope == StopScope.ALL:
            return "everything"
        return f"the {self.scope.replace('_', ' ')} {self.label or self.key}"

    @property
    def words(self) -> str:
        """Who did what, when and why, in one sentence for pages, guardrails and held-back actions."""
        who, at = self.set_by.username, _moment(self.set_at)
        if self.kind == StopKind.KILL_SWITCH:
            return f"{who} stopped {self.what} on {at}: {self.reason}"
        ends = _moment(self.ends_at) if self.ends_at else "it is lifted"
        return f"{who} froze changes to {self.what} until {ends}: {self.reason}"

    @property
    def is_freeze(self) -> bool:
        """Whether people may still let actions run."""
        return self.kind == StopKind.CHANGE_FREEZE

    @property
    def has_begun(self) -> bool:
        """Whether it holds already; a freeze may be set for later."""
        return self.starts_at is None or self.starts_at <= database_now()


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%d %b %Y %H:%M UTC")
