"""The pages by HTTP alone, as a browser without JavaScript uses them."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from approvals.models import Decision, EvidenceView, PendingAction
from incidents.models import TriageVerdict
from tests.cast import PASSWORD
from tests.factories.incidents import TriageVerdictFactory

pytestmark = pytest.mark.django_db
Propose = Callable[..., PendingAction]
HOSTILE = 'Ignore this <script>alert(1)</script> evil\u202etxt.exe p\u0430ypal.com <hx-partial hx-target="body">'


def logged_in(user: User, *, fresh: bool = True) -> Client:
    """Return a client that has logged in through the form, or (not fresh) long ago."""
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    if not fresh:
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] = timezone.now().timestamp() - 3600
        session.save()
    return client


def decide(client: Client, action: PendingAction, **fields: str) -> int:
    """Open the item and send its form; return the status of the answer."""
    client.get(f"/queue/{action.id}/")
    form = {"decision": "approve", "digest": action.digest, "comment": "checked", "place": "queue", **fields}
    response = client.post(f"/actions/{action.id}/decide/", form)
    assert not response.get("Location", "").startswith("/accounts/"), "asked to prove who they are"
    return response.status_code


def test_every_page_sends_strangers_to_the_log_in(proposed: Propose) -> None:
    action = proposed()
    for path in ("/", "/queue/", f"/queue/{action.id}/", f"/a/{action.id}/", f"/actions/{action.id}/", "/help/"):
        response = Client().get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_a_part_sends_strangers_to_the_log_in_as_a_whole_page(proposed: Propose) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/queue/?q=a"}
    response = Client().get(f"/queue/{proposed().id}/", headers=headers)
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/accounts/login/?next=/queue/%3Fq%3Da"


def test_another_teams_action_is_not_there(proposed: Propose, outsider: User) -> None:
    client = logged_in(outsider)
    action = proposed()
    for path in (f"/queue/{action.id}/", f"/a/{action.id}/", f"/actions/{action.id}/"):
        assert client.get(path).status_code == 404
    assert client.post(f"/actions/{action.id}/decide/", {"decision": "reject"}).status_code == 404
    assert client.get(f"/queue/{uuid.uuid4()}/").status_code == 404
    assert not EvidenceView.objects.exists()
    assert action.target_value not in client.get("/queue/").content.decode()


def test_opening_each_kind_of_page_marks_the_evidence_as_seen(proposed: Propose, senior: User) -> None:
    client = logged_in(senior)
    for number, path in enumerate(("/queue/{}/", "/a/{}/", "/actions/{}/")):
        action = proposed(value=f"WS-103{number + 1}")
        client.get(path.format(action.id))
        assert EvidenceView.objects.filter(action=action, user=senior).count() == 1


def test_a_prefetch_marks_nothing(proposed: Propose, senior: User) -> None:
    client = logged_in(senior)
    for purpose in ("prefetch", "prefetch;prerender"):
        assert client.get(f"/queue/{proposed().id}/", headers={"Sec-Purpose": purpose}).status_code == 200
    assert not EvidenceView.objects.exists()


def test_an_approval_without_javascript_comes_back_to_the_item(proposed: Propose, analyst: User) -> None:
    client, action = logged_in(analyst), proposed()
    client.get(f"/queue/{action.id}/")
    response = client.post(
        f"/actions/{action.id}/decide/", {"decision": "approve", "digest": action.digest, "place": "queue"}, follow=True
    )
    assert response.redirect_chain == [(f"/queue/{action.id}/", 302)]
    assert "Approved. The worker takes it from here" in response.content.decode()
    assert Decision.objects.get().user == analyst


def test_a_rejection_needs_a_reason_and_keeps_what_was_typed(proposed: Propose, analyst: User) -> None:
    client, action = logged_in(analyst), proposed()
    response = client.post(
        f"/actions/{action.id}/decide/", {"decision": "reject", "digest": action.digest, "comment": "half a thought"}
    )
    assert response.status_code == 422
    assert "half a thought" in response.content.decode()
    assert not Decision.objects.exists()
    assert decide(client, action, decision="reject", reason_code="wrong_target") == 302
    assert Decision.objects.get().reason_code == "wrong_target"


def test_what_moved_on_is_answered_with_the_difference(proposed: Propose, analyst: User, analyst2: User) -> None:
    action = proposed()
    first, second = logged_in(analyst), logged_in(analyst2)
    assert decide(first, action) == 302
    client = second
    client.get(f"/queue/{action.id}/")
    response = client.post(
        f"/actions/{action.id}/decide/",
        {"decision": "approve", "digest": action.digest, "shown_status": "pending", "place": "queue"},
    )
    assert response.status_code in (403, 409)
    assert Decision.objects.count() == 1


def test_an_old_digest_is_answered_with_409_and_both_digests(proposed: Propose, analyst: User) -> None:
    client, action = logged_in(analyst), proposed()
    response = client.post(
        f"/actions/{action.id}/decide/", {"decision": "approve", "digest": "0" * 64, "shown_status": "pending"}
    )
    text = response.content.decode()
    assert response.status_code == 409
    assert "0" * 64 in text
    assert action.digest in text
    assert not Decision.objects.exists()


def test_who_may_not_decide_reads_why(proposed: Propose, manager: User, analyst: User) -> None:
    action = proposed("collect_memory")
    for person in (manager, analyst):
        client = logged_in(person)
        text = client.get(f"/queue/{action.id}/").content.decode()
        assert "needs: senior analyst" in text
        assert "data-decide=" not in text
        assert decide(client, action) == 403
    assert not Decision.objects.exists()


def test_dual_asks_for_the_target_in_the_form(proposed: Propose, senior: User) -> None:
    client, action = logged_in(senior), proposed("wipe_endpoint")
    assert decide(client, action, target_typed="WS-1O31") == 422
    assert not Decision.objects.exists()
    assert decide(client, action, target_typed=action.target_value) == 302
    assert Decision.objects.count() == 1


def test_the_second_reviewer_does_not_read_the_first_ones_reasons(proposed: Propose, senior: User, lead: User) -> None:
    action = proposed("wipe_endpoint")
    decide(logged_in(senior), action, target_typed=action.target_value, comment="the image was taken")
    client = logged_in(lead)
    for path in (f"/queue/{action.id}/", f"/a/{action.id}/", f"/actions/{action.id}/"):
        text = client.get(path).content.decode()
        assert "the image was taken" not in text
        assert "until your own decision" in text
    decide(client, action, target_typed=action.target_value)
    assert "the image was taken" in client.get(f"/actions/{action.id}/").content.decode()


def test_an_old_log_in_is_asked_again_and_the_draft_comes_back(proposed: Propose, senior: User) -> None:
    client, action = logged_in(senior, fresh=False), proposed("collect_memory")
    client.get(f"/a/{action.id}/")
    response = client.post(
        f"/actions/{action.id}/decide/",
        {"decision": "approve", "digest": action.digest, "comment": "my long reason", "place": "phone"},
    )
    assert response["Location"] == f"/accounts/reauthenticate/?next=%2Fa%2F{action.id}%2F"
    assert not Decision.objects.exists()
    back = client.post(response["Location"], {"password": PASSWORD, "next": f"/a/{action.id}/"}, follow=True)
    assert back.redirect_chain == [(f"/a/{action.id}/", 302)]
    assert "my long reason" in back.content.decode()
    assert decide(client, action) == 302


def test_hostile_words_are_shown_as_text_with_glyphs(proposed: Propose, senior: User) -> None:
    action = proposed(
        reasoning=HOSTILE,
        rollback_plan=HOSTILE,
        evidence=[{"claim": HOSTILE, "source": HOSTILE, "ref": HOSTILE}],
    )
    client = logged_in(senior)
    for path in ("/queue/", f"/queue/{action.id}/", f"/a/{action.id}/", f"/actions/{action.id}/"):
        text = client.get(path).content.decode()
        assert "<script>alert" not in text
        assert "<hx-partial" not in text
        assert "\u202e" not in text
    assert "‹U+202E›" in text
    assert 'а<span class="glyph" title="CYRILLIC SMALL LETTER A">‹U+0430›</span>ypal.com' in text


def test_the_queue_groups_by_who_has_to_act(proposed: Propose, senior: User, lead: User, analyst: User) -> None:
    dual = proposed("wipe_endpoint", value="WS-1033")
    proposed("block_ip", "ip", "203.0.113.9")
    decide(logged_in(senior), dual, target_typed="WS-1033")
    for person, wanted in ((senior, "second"), (lead, "needs_me"), (analyst, "second")):
        text = logged_in(person).get("/queue/").content.decode()
        group = text.split(f'id="group-{wanted}"')[1].split("</section>")[0]
        assert f"act-{dual.id}" in group
    assert "(1) Queue" in logged_in(analyst).get("/queue/").content.decode()


def test_a_filter_narrows_and_says_how_to_clear_it(proposed: Propose, senior: User) -> None:
    proposed(value="WS-1031")
    proposed(value="WS-1032")
    client = logged_in(senior)
    narrowed = client.get("/queue/", {"q": "ws-1031"}).content.decode()
    assert "WS-1031" in narrowed
    assert "WS-1032" not in narrowed
    assert "Clear the filter" in client.get("/queue/", {"q": "nothing like it"}).content.decode()


def test_the_way_home_is_by_role(analyst: User, manager: User, auditor: User) -> None:
    for person, home in ((analyst, "/queue/"), (manager, "/metrics/"), (auditor, "/audit/")):
        assert logged_in(person).get("/")["Location"] == home


def test_a_recommended_action_is_proposed_from_its_alert_by_a_person(
    analyst: User, manager: User, outsider: User, estate: None
) -> None:
    verdict: TriageVerdict = TriageVerdictFactory.create(
        recommended_actions=[{"type": "isolate_host", "target": {"type": "host", "value": "WS-1031"}, "why": HOSTILE}]
    )
    path = f"/alerts/{verdict.alert_id}/propose/0/"
    assert logged_in(outsider).get(path).status_code == 404
    assert logged_in(manager).post(path, {"reason": "please"}).status_code == 403
    client = logged_in(analyst)
    assert "is cut off from the network" in client.get(path).content.decode()
    assert client.get(f"/alerts/{verdict.alert_id}/propose/1/").status_code == 404
    assert client.post(path, {"reason": "  "}).status_code == 422
    assert not PendingAction.objects.exists()
    response = client.post(path, {"reason": "It beacons."})
    action = PendingAction.objects.get()
    assert response["Location"] == f"/actions/{action.id}/"
    assert (action.proposer_user, action.target_value, action.status) == (analyst, "WS-1031", "pending")
    assert "You proposed this" in client.get(f"/queue/{action.id}/").content.decode()


def test_pages_that_would_send_mail_say_that_nothing_does(analyst: User) -> None:
    client = logged_in(analyst)
    for path in ("/accounts/password/reset/", "/accounts/email/"):
        for response in (client.get(path), client.post(path, {"email": "a@b.example"})):
            assert response.status_code == 404
            assert "sends no e-mail" in response.content.decode()
