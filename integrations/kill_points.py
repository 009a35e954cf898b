"""Named points of an execution at which a test can kill the process for real (SIGKILL), to prove at most once.

Inert unless COUNTERSIGN_KILL_POINT names the point; docs/operations.md says never to set it in production.
"""

import os
import signal

POINTS = (
    "before_claim",
    "in_claim",
    "after_claim",
    "in_effect",
    "after_effect",
    "in_record",
    "after_record",
)
_CHOSEN = os.environ.get("COUNTERSIGN_KILL_POINT", "")


def reach(point: str) -> None:
    """Die here if this is the chosen point."""
    if point == _CHOSEN:
        os.kill(os.getpid(), signal.SIGKILL)
