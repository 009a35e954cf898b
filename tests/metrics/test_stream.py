"""The file over the product's own web server, where responses are asynchronous."""

import csv
import urllib.request

import pytest

from accounts.models import AlertSource, User
from tests.factories.incidents import AlertFactory
from tests.metrics.conftest import TEN
from tests.servers import session_cookie, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_file_of_many_blocks_arrives_whole(service_env: dict[str, str], manager: User, source: AlertSource) -> None:
    AlertFactory.create_batch(1101, source=source, received_at=TEN, detected_at=TEN)
    cookie = session_cookie(manager)
    with web_server(service_env) as server:
        path = "/metrics/mttt.csv?from=2026-03-09&to=2026-03-09"
        request = urllib.request.Request(f"{server.origin}{path}", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=30) as answer:
            rows = list(csv.DictReader(answer.read().decode().splitlines()))
        assert len({row["object_id"] for row in rows}) == 1101
        assert "Traceback" not in server.log()
