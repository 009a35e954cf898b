"""Every URL of the product, walked: agents decide nowhere, forms need their token, strangers find nothing."""

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Agent, Scope, User
from accounts.services import issue_token
from approvals.models import Decision, PendingAction
from incidents.models import Alert, VerdictFeedback
from tests.factories.incidents import AlertFactory
from tests.proposals import Propose

pytestmark = pytest.mark.django_db
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
#: Pages that anybody may see: health, and the door.
OPEN = ("/healthz", "/readyz", "/accounts/", "/api/v1/openapi.json", "/static/")


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Yield every route with its parameters still in it."""
    for item in patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item.url_patterns, route)
        else:
            yield route


def urls(values: dict[str, str]) -> list[str]:
    """Return every URL with its parameters filled in, in a stable order."""
    filled = set()
    for route in routes(get_resolver().url_patterns):
        path = _PARAMETER.sub(lambda found: values.get(found[1] or found[2], "1"), route)
        filled.add("/" + re.sub(r"[\^$\\]|\(\?:[^)]*\)", "", path).lstrip("/"))
    return sorted(filled)


@pytest.fixture
def everything(proposed: Propose, agent: Agent) -> dict[str, str]:
    """Return one object of each kind, by the names that routes use."""
    action = proposed("wipe_endpoint", "host", "WS-1032")
    alert = AlertFactory.create(team=agent.team)
    ids = {"action_id": str(action.id), "alert_id": str(alert.id), "pk": str(action.id)}
    return {**ids, "name": agent.name, "key": "mttr"}


def test_an_agents_token_gets_no_2xx_from_any_deciding_url(everything: dict[str, str], agent: Agent) -> None:
    token = issue_token(owner=agent, scopes=Scope.values, expires_in=dt.timedelta(days=1))[1]
    client = Client()
    answers: dict[str, int] = {}
    for url in urls(everything):
        if url.startswith("/api/v1/actions") and url.endswith(("/cancel", "/actions")):
            continue  # proposing and cancelling are the agent's own rights
        digest = PendingAction.objects.get(pk=everything["action_id"]).digest
        answers[url] = client.post(
            url,
            data={"decision": "approve", "digest": digest, "comment": "x", "classification": "false_positive"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        ).status_code
    words = re.compile("decid|decision|rollback|settle|verdict")
    deciding = {url: status for url, status in answers.items() if words.search(url)}
    assert len(deciding) >= 4
    assert {url: status for url, status in deciding.items() if 200 <= status < 300} == {}
    assert Decision.objects.count() == 0
    assert VerdictFeedback.objects.count() == 0
    assert PendingAction.objects.count() == 1


def test_no_url_changes_anything_for_a_session_without_the_csrf_token(everything: dict[str, str], lead: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
    for url in urls(everything):
        status = client.post(url, data={"decision": "approve", "digest": "0" * 64}).status_code
        assert status in (301, 302, 401, 403, 404, 405), f"{url}: {status}"
    assert Decision.objects.count() == 0
    assert PendingAction.objects.get().status == "pending"


def test_every_answer_carries_the_policy_and_strangers_get_nothing(everything: dict[str, str], outsider: User) -> None:
    stranger, nobody = Client(), Client()
    stranger.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    for url in urls(everything):
        answer = nobody.get(url)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], url
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.status_code < 500, url
        if not url.startswith(OPEN):
            assert answer.status_code in (301, 302, 401, 403, 404, 405), f"{url}: {answer.status_code}"
        if everything["action_id"] in url or everything["alert_id"] in url:
            assert stranger.get(url).status_code in (404, 405), url


def test_no_get_of_any_url_changes_state(everything: dict[str, str], lead: User) -> None:
    client = Client()
    client.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
    before = PendingAction.objects.get().revision, Alert.objects.get().revision
    for url in urls(everything):
        if not url.startswith("/accounts/logout"):
            assert client.get(url).status_code < 500, url
    assert (PendingAction.objects.get().revision, Alert.objects.get().revision) == before
    assert (Decision.objects.count(), VerdictFeedback.objects.count()) == (0, 0)
