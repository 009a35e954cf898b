"""The estate's page: labelled a simulation, true to the effects, and blind to other teams."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from approvals.services.execute import execute
from integrations.models import EstateHost, EstateUser
from tests.proposals import Propose, vote

pytestmark = pytest.mark.django_db


def page(client: Client, user: User, **query: str) -> str:
    client.force_login(user)
    response = client.get(reverse("integrations:estate"), query)
    assert response.status_code == 200
    return response.content.decode()


def test_without_a_log_in_the_page_leads_to_it(client: Client) -> None:
    response = client.get("/estate/")
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_it_says_that_it_is_a_simulation(client: Client, estate: None, analyst: User) -> None:
    text = page(client, analyst)
    assert "<strong>Simulation.</strong>" in text
    assert "WS-1031" in text
    assert "svc-backup" in text
    assert "Billing" in text
    assert "Nothing has been changed yet." in text


def test_an_executed_action_shows_in_state_and_journal(client: Client, proposed: Propose, analyst: User) -> None:
    action = proposed("isolate_host", "host", "WS-1033")
    vote(analyst, action)
    execute(action_id=action.id)
    text = page(client, analyst, show="changed")
    assert "WS-1033 is isolated from the network." in text
    assert f"/actions/{action.id}/" in text
    assert "Last change:" in text
    assert "1 isolated" in text
    assert 'id="host-WS-1034"' not in text


def test_another_team_sees_neither_hosts_nor_effects_nor_blocks(
    client: Client, proposed: Propose, analyst: User, outsider: User
) -> None:
    for action in (
        proposed("isolate_host", "host", "WS-1033"),
        proposed("block_domain", "domain", "bad.invoices.example"),
    ):
        vote(analyst, action)
        assert execute(action_id=action.id) == "executed"
    assert "bad.invoices.example" in page(client, analyst)
    text = page(client, outsider)
    assert "LAB-01" in text
    assert not any(name in text for name in ("WS-1033", "SRV-DB-01", "j.doe", "bad.invoices.example"))


def test_a_person_without_a_team_sees_an_empty_page(
    client: Client, estate: None, django_user_model: type[User]
) -> None:
    text = page(client, django_user_model.objects.create(username="nobody"))
    assert "Your teams have no hosts" in text
    assert "WS-1031" not in text


def test_the_search_narrows_every_list_and_keeps_what_was_typed(client: Client, estate: None, analyst: User) -> None:
    text = page(client, analyst, q="srv-db")
    assert "SRV-DB-01" in text
    assert 'value="srv-db"' in text
    assert "WS-1031" not in text


def test_odd_queries_are_answered(client: Client, estate: None, analyst: User) -> None:
    text = page(client, analyst, q="\x00<script>" + "x" * 300, show="<b>")
    assert "<script>x" not in text
    assert "No host matches" in text


def test_a_hostile_name_is_shown_as_text(client: Client, team: Team, analyst: User) -> None:
    EstateHost.objects.create(team=team, name="<img src=x>", asset_class="server")
    EstateUser.objects.create(team=team, name="<b>bold</b>")
    text = page(client, analyst)
    assert "<img src=x>" not in text
    assert "<b>bold</b>" not in text
