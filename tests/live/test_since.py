"""The page's own question over HTTP, for when the socket is away."""

import pytest
from django.test import Client

from accounts.models import User
from live import topics
from tests.live import boards
from tests.live.conftest import Desk, announce

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _boards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "TOPICS", topics.TOPICS)
    monkeypatch.setitem(topics.TOPICS, "board", topics.Topic("board", boards.render_board))


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_nothing_new_is_204(soc: Desk) -> None:
    event = announce(soc.team)
    assert _client(soc.person).get(f"/live/since/?since={event}").status_code == 204


@pytest.mark.parametrize("name", ["since", "after"])
def test_changes_are_counted_and_rendered_for_this_viewer(soc: Desk, strangers: Desk, name: str) -> None:
    seen = announce(soc.team)
    announce(strangers.team)
    newest = announce(soc.team, board="b")
    answer = _client(soc.person).get(f"/live/since/?{name}={seen}").json()
    assert answer == {
        "event": newest,
        "latest": newest,
        "changes": 1,
        "content": f'<hx-partial hx-target="#board">{soc.team.pk}/b soc</hx-partial>',
    }
    assert _client(strangers.person).get(f"/live/since/?{name}={newest - 1}").json()["changes"] == 0


def test_many_changes_are_one_sign(soc: Desk) -> None:
    seen = announce(soc.team)
    for number in range(25):
        announce(soc.team, board=str(number))
    answer = _client(soc.person).get(f"/live/since/?since={seen}").json()
    assert answer["changes"] == 21
    assert "live-changes" in answer["content"]


@pytest.mark.parametrize("nonsense", ["", "x", "-1", "1e9", "٣", "9" * 30, "1;drop"])
def test_nonsense_is_nothing_seen(soc: Desk, nonsense: str) -> None:
    announce(soc.team)
    answer = _client(soc.person).get("/live/since/", {"since": nonsense})
    assert (answer.status_code, answer.json()["changes"]) == (200, 1)


def test_without_a_session_it_is_401_and_without_a_role_403(soc: Desk) -> None:
    announce(soc.team)
    refused = Client().get("/live/since/?since=0")
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert _client(User.objects.create_user("nobody")).get("/live/since/?since=0").status_code == 403


def test_it_changes_nothing(soc: Desk) -> None:
    assert _client(soc.person).post("/live/since/?since=0").status_code == 405
