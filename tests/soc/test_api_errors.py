"""Errors that no call of ours makes are problem+json too."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/nothing", 404),
        ("post", "/api/v1/nothing", 404),
        ("delete", "/api/v1/actions", 405),
        ("put", "/api/v1/actions/x", 405),
        ("get", "/api/v1/actions/x", 401),
        ("post", "/api/v1/alerts", 401),
    ],
)
def test_an_error_under_the_api_is_a_problem_document(client: Client, method: str, path: str, status: int) -> None:
    answer = getattr(client, method)(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_the_api_describes_itself(client: Client) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/actions", "/api/v1/alerts", "/api/v1/metrics", "/api/v1/actions/{action_id}/decisions"} <= set(
        paths
    )
