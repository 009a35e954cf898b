"""What upper apps add to the alert page: each function returns rendered HTML (a SafeString) or an empty text."""

from collections.abc import Callable

from accounts.models import User
from incidents.models import Alert

alert_panels: list[Callable[[User, Alert], str]] = []
