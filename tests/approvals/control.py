"""What the tests of stops and freezes share."""

import datetime as dt

from django.utils import timezone

from accounts.models import Agent, User
from approvals.models import Stop
from approvals.services.control import Order, confirm_lift, request_lift, set_stop
from tests.proposals import fresh

#: Every scope, in the words of a form.
SCOPES = ("all", "agent", "action_type", "connector")


def key_of(scope: str, agent: Agent, action_type: str = "isolate_host") -> str:
    """Return the key that covers an action of this type by this agent."""
    keys = {"all": "", "agent": str(agent.id), "action_type": action_type, "connector": "simulated_estate"}
    return keys[scope]


def stop(user: User, scope: str = "all", key: str = "", reason: str = "Odd proposals since noon") -> Stop:
    """Throw the kill switch."""
    return set_stop(user=user, order=Order("kill_switch", scope, key, reason))


def freeze(user: User, scope: str = "all", key: str = "", hours: float = 2, starts_in: float = 0) -> Stop:
    """Freeze changes from `starts_in` hours on, for `hours`."""
    starts = timezone.now() + dt.timedelta(hours=starts_in)
    return set_stop(
        user=user,
        order=Order(
            "change_freeze",
            scope,
            key,
            "Quarter end",
            starts_at=starts if starts_in else None,
            ends_at=starts + dt.timedelta(hours=hours),
        ),
    )


def lift(stopped: Stop, asker: User, second: User) -> Stop:
    """Lift as two people do."""
    asked = request_lift(user=asker, stop_id=stopped.id, reason="Understood and fixed", proof=fresh())
    return confirm_lift(user=second, stop_id=stopped.id, revision=asked.revision, proof=fresh())
