"""How often an agent's earlier proposals like this one were confirmed by people."""

from dataclasses import dataclass

from accounts.models import User
from approvals.models import ActionStatus, PendingAction

#: Below this many decided proposals a share says nothing.
ENOUGH = 20
_CONFIRMED = (
    ActionStatus.APPROVED,
    ActionStatus.EXECUTING,
    ActionStatus.EXECUTED,
    ActionStatus.FAILED,
    ActionStatus.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Of `decided` proposals by this agent, of this type and near this confidence, `confirmed` were approved."""

    decided: int
    confirmed: int
    low: float
    high: float

    @property
    def is_enough(self) -> bool:
        """Whether the share may be shown."""
        return self.decided >= ENOUGH

    @property
    def share(self) -> float:
        """Confirmed over decided, 0 where nothing was decided."""
        return self.confirmed / self.decided if self.decided else 0.0


def track_record(*, user: User, action: PendingAction) -> TrackRecord | None:
    """Return how people decided this agent's earlier proposals of the type in the same tenth of confidence."""
    if action.confidence is None or action.proposer_agent_id is None:
        return None
    low = min(int(action.confidence * 10), 9) / 10
    earlier = PendingAction.objects.for_user(user).filter(
        proposer_agent_id=action.proposer_agent_id,
        action_type=action.action_type,
        confidence__gte=low,
        confidence__lt=low + 0.1 if low < 0.9 else 1.01,
        created_at__lt=action.created_at,
    )
    confirmed = earlier.filter(status__in=_CONFIRMED, decisions__decision="approve").distinct().count()
    rejected = earlier.filter(status=ActionStatus.REJECTED).count()
    return TrackRecord(decided=confirmed + rejected, confirmed=confirmed, low=low, high=low + 0.1)
