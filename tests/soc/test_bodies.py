"""Bodies through the real server: large, chunked, cut off, deep. A clear 4xx, nothing stored, the server lives."""

import datetime as dt
from collections.abc import Iterator

import httpx2
import pytest

from accounts.models import Agent, AlertSource
from accounts.services import issue_token
from approvals.models import PendingAction
from incidents.models import Alert
from tests.servers import web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MIB = 1024 * 1024


def chunks(total: int) -> Iterator[bytes]:
    """Yield a JSON string of that many bytes in chunks, so that no length is declared."""
    yield b'{"message": "'
    for _ in range(total // 65536):
        yield b"x" * 65536
    yield b'"}'


def test_bodies_that_cannot_be_taken_are_refused_by_the_real_server(
    agent: Agent, source: AlertSource, estate: None, service_env: dict[str, str]
) -> None:
    day = dt.timedelta(days=1)
    propose = {"Authorization": f"Bearer {issue_token(owner=agent, scopes=['actions:propose'], expires_in=day)[1]}"}
    send = {"Authorization": f"Bearer {issue_token(owner=source, scopes=['alerts:write'], expires_in=day)[1]}"}
    json = {"Content-Type": "application/json"}
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    with web_server(service_env) as server, httpx2.Client(base_url=f"{server.origin}/api/v1", timeout=60) as http:
        statuses = {
            "declared": http.post("/alerts", content=b"x" * 20 * MIB, headers=send | json).status_code,
            "chunked": http.post("/alerts", content=chunks(20 * MIB), headers=send | json).status_code,
            "chunked action": http.post("/actions", content=chunks(6 * MIB), headers=propose | json).status_code,
            "deep alert": http.post("/alerts", content=deep, headers=send | json).status_code,
            "deep action": http.post("/actions", content=deep, headers=propose | json).status_code,
            "not utf-8": http.post("/alerts", content=b'{"a":"\xff\xfe"}', headers=send | json).status_code,
            "one too large": http.post("/alerts", content=chunks(300 * 1024), headers=send | json).status_code,
        }
        assert http.post("/alerts", content=chunks(100), headers=send | json).status_code == 202
    assert {name: status for name, status in statuses.items() if not 400 <= status < 500} == {}
    assert [statuses[name] for name in ("declared", "chunked", "chunked action", "one too large")] == [413] * 4
    assert Alert.objects.count() == 1
    assert PendingAction.objects.count() == 0
