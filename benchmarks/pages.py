"""Pages over HTTP by one web process: time to the last byte."""

import http.client
import os

from approvals.models import ActionStatus, PendingAction
from benchmarks.measure import Measured, each
from benchmarks.world import world
from incidents.models import Alert
from tests.servers import session_cookie, web_server

TIMES = 25
WARM_UP = 3


def rows() -> list[Measured]:
    """Return one measurement a page, over the rows that the benchmarks before have left."""
    waiting = PendingAction.objects.filter(status=ActionStatus.PENDING).count()
    alerts = Alert.objects.count()
    pages = {
        "/queue/": f"{waiting} pending actions",
        "/alerts/": f"{alerts} alerts",
        "/metrics/": f"{alerts} alerts in the period",
    }
    cookie = session_cookie(world().analyst)
    with web_server(os.environ) as server:
        return [_page(server.port, cookie, path, note) for path, note in pages.items()]


def _page(port: int, cookie: str, path: str, note: str) -> Measured:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get() -> None:
        caller.request("GET", path, headers={"Cookie": cookie})
        answer = caller.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)

    for _ in range(WARM_UP):
        get()
    measured = each(f"page {path}", "pages", [get] * TIMES, note)
    caller.close()
    return measured
