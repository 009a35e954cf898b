"""What upper apps add here: panels of the alert's page, and who wants to hear of an analyst's verdict."""

from collections.abc import Callable

from accounts.models import User
from incidents.models import Alert, VerdictFeedback

#: Each returns rendered HTML for this viewer.
alert_panels: list[Callable[[User, Alert], str]] = []
#: Called inside the transaction of a given verdict.
on_verdict: list[Callable[[VerdictFeedback], None]] = []
