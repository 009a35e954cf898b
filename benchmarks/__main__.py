"""Start an embedded PostgreSQL (durable, as in production) and a Redis, migrate, and run the rows in a process of

their own, which reads the settings only after the services exist.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from soc.supervisor.postgres import OWNER_ROLE, SERVING_ROLE
from tests.services import start_postgres, start_redis

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run the benchmarks named in `arguments` (all without any); return the exit code."""
    with ExitStack() as stack:
        data_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-bench-"))
        cluster = start_postgres(stack, is_throwaway=False)
        env = os.environ | {
            "COUNTERSIGN_DATABASE_URL": cluster.url(SERVING_ROLE),
            "COUNTERSIGN_DATABASE_OWNER_URL": cluster.url(OWNER_ROLE),
            "COUNTERSIGN_REDIS_URL": start_redis(stack),
            "COUNTERSIGN_SECRET_KEY": secrets.token_urlsafe(48),
            "COUNTERSIGN_DATA_DIR": data_dir,
            "COUNTERSIGN_AGENT_PROPOSALS_PER_MINUTE": "100000",
            "COUNTERSIGN_AGENT_OPEN_ACTIONS": "100000",
            "DJANGO_SETTINGS_MODULE": "soc.settings",
            "PYTHONPATH": str(ROOT),
        }
        for command in (["manage.py", "migrate", "--verbosity", "0"], ["-m", "benchmarks.run", *arguments]):
            code = subprocess.run([sys.executable, *command], env=env, cwd=ROOT, check=False).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
