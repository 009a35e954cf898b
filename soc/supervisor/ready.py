"""How a process without a port says that it works: it makes the file that its supervisor named."""

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_ready

#: The file's path; unset where nobody supervises.
READY_FILE = "COUNTERSIGN_READY_FILE"


def announce_ready(**_: Any) -> None:
    """Make the file, if one was asked for."""
    if path := os.environ.get(READY_FILE):
        Path(path).touch(mode=0o600)


# `celery worker --include soc.supervisor.ready` imports this.
worker_ready.connect(announce_ready)
