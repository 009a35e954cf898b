"""The alert pages without JavaScript: what is shown, to whom, and how a verdict is given."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import AlertSource, User
from audit.models import Entry
from incidents import hooks
from incidents.models import Alert, VerdictFeedback
from incidents.topics import render_alert, render_batch
from tests.factories.incidents import AlertFactory, TriageVerdictFactory
from tests.incidents.conftest import beacon, deliver

pytestmark = pytest.mark.django_db
EVIL = "<img src=x onerror=alert(1)>\u202egnp.exe\"'{{ 7*7 }}"


@pytest.fixture
def alert(source: AlertSource) -> Alert:
    result = deliver(source, {**beacon(), "title": EVIL, "user": "CORP\\mia", "severity": "high"})
    found = Alert.objects.get(id=result.ids[0])
    TriageVerdictFactory.create(
        alert=found, reasoning=f"Seen before [1] {EVIL}", evidence=[{"claim": EVIL, "weight": 1.5}]
    )
    return found


def page_of(client: Client, alert: Alert) -> str:
    response = client.get(reverse("incidents:alert", args=[alert.id]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_list_shows_title_verdict_and_entities(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    html = client.get("/alerts/").content.decode()
    assert f"/alerts/{alert.id}/" in html
    assert "True positive" in html
    assert "WS-1001" in html


def test_hostile_text_is_escaped_on_both_pages_and_in_the_live_partials(
    client: Client, analyst: User, alert: Alert
) -> None:
    client.force_login(analyst)
    for html in (
        client.get("/alerts/").content.decode(),
        page_of(client, alert),
        str(render_alert(analyst, str(alert.id))),
    ):
        assert "<img src=x" not in html
        assert "\u202e" not in html
        assert "49" not in html.split("gnp.exe")[1][:40]


def test_the_raw_payload_stands_in_a_box_that_htmx_leaves_alone(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    html = page_of(client, alert)
    box = html.split("Raw payload, untrusted")[0].rsplit("<div", 1)[1]
    assert "wire-box" in box
    assert "hx-ignore" in box
    assert "&quot;rule_id&quot;: &quot;r-1&quot;" in html


def test_a_payload_that_needed_repair_is_shown_exactly_as_it_came(
    client: Client, analyst: User, source: AlertSource
) -> None:
    client.force_login(analyst)
    raw = '{"title":"T","title":"T","n":1e400}'
    html = page_of(client, AlertFactory.create(source=source, raw=raw))
    assert raw.replace('"', "&quot;") in html


def test_evidence_is_numbered_and_cited_from_the_reasoning(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    html = page_of(client, alert)
    assert 'href="#ev-1"' in html
    assert 'id="ev-1"' in html
    assert "+1.50" in html


def test_people_of_another_team_get_404(client: Client, outsider: User, alert: Alert) -> None:
    client.force_login(outsider)
    assert client.get(f"/alerts/{alert.id}/").status_code == 404
    assert client.post(f"/alerts/{alert.id}/verdict/", {"classification": "suspicious"}).status_code == 404
    assert str(alert.id) not in client.get("/alerts/").content.decode()
    assert not VerdictFeedback.objects.exists()
    assert render_alert(outsider, str(alert.id)) is None
    assert render_batch(outsider, str(alert.batch_id)) is None


def test_without_a_session_the_pages_ask_for_one(client: Client, alert: Alert) -> None:
    assert client.get("/alerts/").status_code == 302
    assert client.get(f"/alerts/{alert.id}/").status_code == 302


@pytest.mark.parametrize("role", ["manager", "auditor", "admin"])
def test_who_only_reads_sees_the_alert_and_gives_no_verdict(
    client: Client, request: pytest.FixtureRequest, alert: Alert, role: str
) -> None:
    client.force_login(request.getfixturevalue(role))
    entries = Entry.objects.count()
    assert 'name="classification"' not in page_of(client, alert)
    response = client.post(f"/alerts/{alert.id}/verdict/", {"classification": "suspicious", "reason": "x"})
    assert response.status_code == 403
    assert "Verdicts are given by analysts" in response.content.decode()
    assert not VerdictFeedback.objects.exists()
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("role", ["analyst", "senior", "lead"])
def test_agreeing_appends_a_verdict_that_overrides_nothing(
    client: Client, request: pytest.FixtureRequest, alert: Alert, role: str
) -> None:
    user = request.getfixturevalue(role)
    client.force_login(user)
    response = client.post(f"/alerts/{alert.id}/verdict/", {"classification": "true_positive"}, follow=True)
    feedback = VerdictFeedback.objects.get()
    assert response.redirect_chain[-1][0] == f"/alerts/{alert.id}/"
    assert (feedback.is_override, feedback.person_id) == (False, user.person_id)
    assert "Your verdict is recorded" in response.content.decode()


def test_a_correction_is_an_override_beside_the_engines_verdict(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    client.post(f"/alerts/{alert.id}/verdict/", {"classification": "false_positive", "reason": "known scanner"})
    feedback = VerdictFeedback.objects.get()
    assert (feedback.is_override, feedback.reason) == (True, "known scanner")
    assert alert.verdicts.get(is_current=True).verdict == "true_positive"
    entry = Entry.objects.latest("seq").body
    assert (entry["action"], entry["reason"]) == ("incidents.verdict.given", "known scanner")
    assert entry["after"] == {"verdict": "false_positive", "is_override": True}


@pytest.mark.parametrize(
    "form", [{}, {"classification": "benign"}, {"classification": "suspicious", "reason": "x" * 501}]
)
def test_a_wrong_form_is_said_on_the_page_and_stores_nothing(
    client: Client, analyst: User, alert: Alert, form: dict[str, str]
) -> None:
    client.force_login(analyst)
    response = client.post(f"/alerts/{alert.id}/verdict/", form)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not VerdictFeedback.objects.exists()


def test_the_search_edits_q_and_facets_toggle_it(client: Client, analyst: User, source: AlertSource) -> None:
    deliver(source, {**beacon("a-1"), "severity": "high"}, {**beacon("b-1"), "severity": "low"})
    client.force_login(analyst)
    html = client.get("/alerts/", {"q": "beacon severity:high"}).content.decode()
    assert 'href="?q=beacon"' in html
    assert 'href="?q=beacon%20severity%3Alow"' in html
    assert "a-1" in html
    assert "b-1" not in html


def test_a_search_that_means_nothing_is_explained(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    response = client.get("/alerts/", {"q": "colour:red"})
    assert response.status_code == 422
    assert "colour:red" in response.content.decode()


def test_pages_follow_one_another_by_cursor(client: Client, analyst: User, source: AlertSource) -> None:
    deliver(source, *[beacon(f"ws-{n:02}") for n in range(60)])
    client.force_login(analyst)
    first = client.get("/alerts/").content.decode()
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(f"/alerts/{following}").content.decode()
    assert (first.count("<tr data-row"), second.count("<tr data-row")) == (50, 10)
    assert client.get("/alerts/?cursor=nonsense").status_code == 422


def test_an_empty_list_says_what_to_do(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    assert "No source is connected" in client.get("/alerts/").content.decode()


def test_panels_of_upper_apps_are_shown(
    client: Client, analyst: User, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "alert_panels", [lambda user, shown: f"panel of {user.username} on {shown.id}"])
    client.force_login(analyst)
    assert f"panel of analyst on {alert.id}" in page_of(client, alert)


def test_a_small_batch_brings_its_rows_to_open_pages(analyst: User, alert: Alert) -> None:
    html = str(render_batch(analyst, str(alert.batch_id)))
    assert 'hx-target="#alerts-new"' in html
    assert f'hx-target="#alert-verdict-{alert.id}"' in html


def test_a_large_batch_brings_only_the_pill(analyst: User, source: AlertSource) -> None:
    result = deliver(source, *[beacon(f"ws-{n}") for n in range(30)])
    html = str(render_batch(analyst, str(result.batch_ids[0])))
    assert "30 new alerts" in html
    assert "alert-verdict-" not in html


def test_both_pages_ask_the_database_a_bounded_number_of_questions(
    client: Client, analyst: User, source: AlertSource, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    deliver(source, *[{**beacon(f"ws-{n}"), "user": f"u{n}"} for n in range(50)])
    alert = Alert.objects.earliest("id")
    client.force_login(analyst)
    with django_assert_max_num_queries(22):
        assert client.get("/alerts/").status_code == 200
    with django_assert_max_num_queries(24):
        assert client.get(f"/alerts/{alert.id}/").status_code == 200


def test_every_answer_is_json_or_page_and_no_text_is_marked_safe(client: Client, analyst: User, alert: Alert) -> None:
    client.force_login(analyst)
    answer = client.get(f"/api/v1/alerts/{alert.id}")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.content)["title"].startswith("<img")


@pytest.mark.parametrize(
    "q",
    [
        "\x00",
        'entity:"',
        ":",
        "-",
        "--status:new",
        'entity:""',
        "severity:",
        "severity:,",
        '"',
        "%_\\",
        "a" * 501,
        "a " * 30,
        "entity:\ud7ff\U0010ffff",
        "technique:T1059,T1190 -verdict:none",
        "\u202e",
        "status:NEW",
        "source:<b>",
    ],
)
def test_no_query_breaks_the_list(client: Client, analyst: User, alert: Alert, q: str) -> None:
    client.force_login(analyst)
    for path in ("/alerts/", "/api/v1/alerts"):
        response = client.get(path, {"q": q})
        assert response.status_code in {200, 422}
        assert "<b>" not in response.content.decode()
