"""What every page needs around its content: who is looking, where they may go, how many items wait for them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts.models import Role, User
from accounts.people import main_role, roles_of
from approvals.control_selectors import strip_for
from approvals.models import Stop
from approvals.selectors import needs_me_count
from live.selectors import latest_id


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the left navigation; `key` is the letter after `g`."""

    path: str
    label: str
    icon: str
    key: str
    is_current: bool


#: (path, label, icon, key after "g"). Only paths that resolve are shown: no empty shells.
NAVIGATION = (
    ("/queue/", "Queue", "inbox", "q"),
    ("/alerts/", "Alerts", "alert-triangle", "a"),
    ("/agents/", "Agents", "robot", "t"),
    ("/metrics/", "Metrics", "chart-bar", "m"),
    ("/control/", "Control", "player-pause", "c"),
    ("/audit/", "Audit", "history", "l"),
    ("/estate/", "Estate", "server-2", "e"),
    ("/help/", "Help", "help-circle", "h"),
)


@cache
def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


class Desk:
    """The shell's data, each part read only when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def _user(self) -> User | None:
        user = getattr(self._request, "user", None)
        return user if isinstance(user, User) else None

    @cached_property
    def nav(self) -> list[NavItem]:
        """The pages that exist, with the one being looked at marked."""
        here = self._request.path
        return [
            NavItem(path, label, icon, key, is_current=here.startswith(path))
            for path, label, icon, key in NAVIGATION
            if _exists(path)
        ]

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held now."""
        return roles_of(self._user) if self._user else frozenset()

    @cached_property
    def role_label(self) -> str:
        """The most powerful role in words."""
        role = main_role(self._user) if self._user else ""
        return str(Role(role).label) if role else "No role"

    @cached_property
    def needs_me(self) -> int:
        """How many pending actions the person may decide now."""
        return needs_me_count(self._user) if self._user else 0

    @cached_property
    def stops(self) -> list[Stop]:
        """What is stopped or frozen now and concerns the person."""
        return strip_for(self._user) if self._user else []

    @cached_property
    def since(self) -> int:
        """The newest live event when the page was rendered: the socket replays what came after it."""
        return latest_id()

    @property
    def now(self) -> datetime:
        """The server's clock, from which the page derives its offset."""
        return timezone.now()

    @property
    def is_demo(self) -> bool:
        """Whether this installation is a demonstration."""
        return bool(settings.DEMO)

    @property
    def demo_password(self) -> str:
        """The password of the demo accounts, shown on the log-in page of a demonstration and nowhere else."""
        return str(settings.DEMO_PASSWORD) if settings.DEMO else ""


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return the template variables of the shell."""
    return {"desk": Desk(request)}
