"""An agent asks over HTTP, two people agree in two browsers, a machine acts, and the record tells it in order."""

import datetime as dt
import json
import os
import re
import time
import urllib.request
from collections.abc import Callable
from statistics import quantiles
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from accounts.models import Agent, User
from accounts.services import issue_token
from approvals.models import ActionStatus, Decision, PendingAction
from approvals.services.execute import execute
from approvals.services.record import save_move
from audit.models import Entry
from live.publish import publish
from tests.browser.conftest import Browsers, aside
from tests.browser.test_decide import live
from tests.proposals import Propose, vote

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

Figures = Callable[[str, object], None]
CHANGES = 25
STORY = ["responder proposed", "senior decided on", "lead decided on", "began to execute", "The execution of"]
FIRST_WORDS = "The image was taken before noon"
SECOND_WORDS = "Owner agrees by telephone"
#: Notes when each revision of a row reached the document, and when the frame after it was drawn.
WATCH = """id => {
  window.arrivals = {};
  new MutationObserver(() => {
    const revision = document.getElementById(`act-${id}`)?.dataset.rev;
    if (!revision || window.arrivals[revision]) return;
    const at = [Date.now()];
    window.arrivals[revision] = at;
    requestAnimationFrame(() => at.push(Date.now()));
  }).observe(document.getElementById("queue-list"), { subtree: true, childList: true, attributes: true });
}"""


def call(url: str, token: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of a request by an agent; with a body it is a POST."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "journey-1"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        return answer.status, json.load(answer)


def token_of(agent: Agent) -> str:
    scopes = ["actions:propose", "actions:read"]
    return issue_token(owner=agent, scopes=scopes, expires_in=dt.timedelta(hours=1))[1]


def agree(page: Page, target: str, words: str) -> None:
    """Approve a dual action with the pointer, as somebody who reads first."""
    page.locator("#evidence").scroll_into_view_if_needed()
    page.locator("#effect").scroll_into_view_if_needed()
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_label(re.compile("Type the target")).fill(target)
    page.get_by_label(re.compile("Comment")).fill(words)
    page.get_by_role("button", name=re.compile("^Approve: ")).click()


def listen(page: Page) -> list[str]:
    """Collect what the server says to this page's socket."""
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    return heard


def spread(values: list[float]) -> str:
    """Return p50, p95 and the worst of milliseconds."""
    cuts = quantiles(values, n=20, method="inclusive")
    return f"n={len(values)} p50={cuts[9]:.0f} p95={cuts[18]:.0f} max={max(values):.0f} ms"


def test_an_agents_proposal_is_agreed_on_by_two_and_carried_out(
    browsers: Browsers, agent: Agent, estate: None, senior: User, lead: User, outsider: User, record_property: Figures
) -> None:
    token = aside(lambda: token_of(agent))
    origin = browsers.server.origin
    status, made = call(
        f"{origin}/api/v1/actions",
        token,
        {
            "type": "wipe_endpoint",
            "target": {"type": "host", "value": "WS-1031"},
            "reasoning": "A loader runs as a service [1].",
            "confidence": 0.91,
            "evidence": [{"claim": "Service with a random name", "source": "edr", "ref": "evt 4417"}],
            "rollback_plan": "Install from the golden image",
        },
    )
    assert (status, made["status"], made["approval_level"]) == (201, "pending", "dual_required")
    place = f"/queue/{made['id']}/"
    first, second, stranger = browsers.logged_in(senior), browsers.logged_in(lead), browsers.page(outsider)
    heard = listen(stranger)
    stranger.goto("/queue/")
    for page in (first, second):
        page.goto(place)
        live(page)
    live(stranger)

    agree(first, "WS-1031", FIRST_WORDS)
    expect(first.locator("[data-result]")).to_contain_text("A second person has to agree")
    expect(second.locator(".step-done")).to_have_count(2)
    expect(second.locator(".vote")).to_contain_text("Their reasons stay hidden")
    expect(second.locator(f"#act-{made['id']}")).to_contain_text("1∕2")
    tab = second.context.new_page()
    for path in (place, f"/actions/{made['id']}/", f"/a/{made['id']}/", "/queue/", "/audit/"):
        tab.goto(path)
        assert FIRST_WORDS not in tab.content(), path
    assert FIRST_WORDS not in second.content()

    agree(second, "WS-1031", SECOND_WORDS)
    expect(second.locator("[data-result]")).to_be_visible()
    for page in (first, second):
        expect(page.locator(".act-state")).to_have_attribute("data-status", "approved")
        expect(page.locator("form[data-decide]")).to_have_count(0)
    expect(second.locator(".vote").first).to_contain_text(FIRST_WORDS)
    assert aside(lambda: execute(action_id=made["id"])) == ActionStatus.EXECUTED
    for page in (first, second):
        expect(page.locator(".act-state")).to_contain_text("Executed")

    second.goto("/estate/?q=WS-1031")
    journal = second.get_by_role("region", name="Journal of effects, newest first")
    expect(journal.locator("tbody tr")).to_have_count(1)
    expect(journal).to_contain_text("WS-1031")
    second.goto(f"/actions/{made['id']}/")
    trail = second.locator("ol.trail li .wire").all_inner_texts()
    second.goto("/audit/?q=object:WS-1031")
    sentences = second.locator("tbody[data-rows] > tr > td:nth-child(3) > .wire").all_inner_texts()
    for told in (trail, sentences[::-1]):
        assert [next((mark for mark in STORY if mark in line), line) for line in told] == STORY
    second.goto("/audit/verify/")
    expect(second.locator("main")).to_contain_text(re.compile("verified|intact|in order", re.IGNORECASE))

    status, after = call(f"{origin}/api/v1/actions/{made['id']}", token)
    assert (after["status"], [vote["decision"] for vote in after["decisions"]]) == ("executed", ["approve", "approve"])
    stranger.wait_for_timeout(500)
    expect(stranger.locator("[data-row]")).to_have_count(0)
    assert not [frame for frame in heard if made["id"] in frame or "WS-1031" in frame or '"content"' in frame]
    assert stranger.context.request.get(place).status == 404
    assert browsers.complaints == []
    print(f"\nJOURNEY dual: frames to another team about the action: 0 of {len(heard)}; trail: {len(trail)} lines")


def change(action: PendingAction) -> tuple[str, float]:
    """Commit a plain change of the row; return its revision and the moment of the commit in milliseconds."""
    moment: list[float] = []
    with transaction.atomic():
        row = PendingAction.objects.select_for_update().get(pk=action.pk)
        # First in the queue of what runs on commit: before the pointer leaves.
        transaction.on_commit(lambda: moment.append(time.time() * 1000))
        save_move(row, "held_back")
        publish(kind="x", object_type="action", object_id=row.pk, revision=row.revision, team_id=row.team_id)
    return str(row.revision), moment[0]


def test_a_committed_change_is_visible_in_another_browser_soon(
    browsers: Browsers, proposed: Propose, senior: User, lead: User, record_property: Figures
) -> None:
    actions = aside(lambda: [proposed("wipe_endpoint", value=f"WS-{1031 + n}") for n in range(9)])
    page = browsers.page(lead)
    page.goto("/queue/")
    live(page)
    page.evaluate(WATCH, str(actions[0].id))

    def commit_all() -> dict[str, float]:
        moments = {}
        for number in range(CHANGES):
            revision, at = change(actions[0])
            moments[revision] = at
            # Odd pauses: not in step with anything that runs by a clock.
            time.sleep(0.2 + number % 7 * 0.043)
        return moments

    committed = aside(commit_all)
    expect(page.locator(f"#act-{actions[0].id}")).to_have_attribute("data-rev", list(committed)[-1])
    page.wait_for_timeout(100)
    arrivals: dict[str, list[float]] = page.evaluate("window.arrivals")
    in_document = [arrivals[revision][0] - at for revision, at in committed.items() if revision in arrivals]
    drawn = [arrivals[revision][-1] - at for revision, at in committed.items() if revision in arrivals]
    assert len(in_document) >= CHANGES * 0.8

    votes = []
    for action in actions[1:]:
        page.evaluate(WATCH, str(action.id))
        started = time.time() * 1000
        aside(lambda action=action: vote(senior, action))  # type: ignore[misc]
        expect(page.locator(f"#act-{action.id}")).to_contain_text("1∕2")
        votes.append(min(at[0] for at in page.evaluate("window.arrivals").values()) - started)
    record_property("commit_to_document", spread(in_document))
    record_property("commit_to_drawn", spread(drawn))
    print(f"\nJOURNEY latency, load {os.getloadavg()[0]:.1f}: commit to document {spread(in_document)};")
    print(f"  commit to drawn frame {spread(drawn)}; whole approval (service call to document) {spread(votes)}")


@pytest.mark.parametrize("is_scripted", [True, False])
def test_who_submits_a_stale_page_is_shown_what_changed(
    browsers: Browsers, proposed: Propose, analyst: User, senior: User, *, is_scripted: bool
) -> None:
    action = aside(proposed)
    stale = browsers.logged_in(analyst, java_script_enabled=is_scripted)
    # Nothing reaches this page any more, as behind a dead socket.
    stale.route_web_socket(re.compile("/ws/live/"), lambda _: None)
    stale.goto(f"/queue/{action.id}/")
    page = browsers.logged_in(senior)
    page.goto(f"/queue/{action.id}/")
    live(page)
    page.get_by_role("radio", name=re.compile("Reject")).check()
    page.get_by_label(re.compile("Reason")).select_option("wrong_target")
    page.get_by_role("button", name="Reject and end it").click()
    expect(page.locator("[data-result]")).to_be_visible()
    expect(page.locator(".act-state")).to_contain_text("wrong target")
    before = aside(Entry.objects.count)

    stale.get_by_role("radio", name=re.compile("Approve")).check()
    with stale.expect_response(re.compile("/decide/")) as answer:
        stale.get_by_role("button", name=re.compile("^Approve: ")).click()
    assert answer.value.status == 409
    expect(stale.locator("[data-error]")).to_contain_text("No vote was stored")
    expect(stale.locator(".moved tbody tr").first).to_contain_text(re.compile("Pending.*Rejected", re.DOTALL))
    expect(stale.locator(".act-state")).to_contain_text("senior")
    expect(stale.locator("form[data-decide]")).to_have_count(0)
    assert aside(lambda: [vote.user_id for vote in Decision.objects.all()]) == [senior.id]
    assert aside(Entry.objects.count) == before
