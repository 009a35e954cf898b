"""How long from commit to browser. Not collected by default: `pytest -n0 -s tests/live/bench_latency.py`."""

import json
import statistics
import subprocess
import sys
import time

import pytest

from tests.live.conftest import Desk, announce, make_person
from tests.servers import WebServer, session_cookie

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = 40


@pytest.mark.parametrize("object_type", ["board", "shared_board"])
@pytest.mark.parametrize("sockets", [1, 50, 200])
def test_latency(soc: Desk, live_server_process: WebServer, sockets: int, object_type: str) -> None:
    people = [soc.person] + [make_person(f"p{n}", soc.team) for n in range(sockets - 1)]
    cookies = [session_cookie(person) for person in people]
    command = [sys.executable, "-m", "tests.live.listeners"]
    command += [f"{live_server_process.socket_origin}/ws/live/", live_server_process.origin]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        started = time.monotonic()
        clients.stdin.write(" ".join(cookies) + "\n")
        clients.stdin.flush()
        assert clients.stdout.readline() == "ready\n"
        seated = time.monotonic() - started
        committed = {}
        for revision in range(EVENTS):
            event = announce(soc.team, revision=revision, object_type=object_type)
            committed[event] = time.monotonic()
            time.sleep(0.5)
        clients.stdin.write("\n")
        clients.stdin.flush()
        arrived = {int(event): times for event, times in json.loads(clients.stdout.readline()).items()}
    delays = sorted(1000 * (t - committed[event]) for event, times in arrived.items() for t in times)
    whole = EVENTS * sockets
    cut = statistics.quantiles(delays, n=100)
    print(
        f"\n{object_type} sockets={sockets} seated={seated:.2f}s got={len(delays)}/{whole} "
        f"p50={cut[49]:.1f}ms p99={cut[98]:.1f}ms max={delays[-1]:.1f}ms"
    )
