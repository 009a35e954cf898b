"""A bare executor process: `python -m tests.chaos.executor ACTION_ID`, to be killed at a named point."""

import sys
import uuid

import django

if __name__ == "__main__":
    django.setup()
    from approvals.services.execute import execute

    sys.stdout.write(execute(action_id=uuid.UUID(sys.argv[1])))
