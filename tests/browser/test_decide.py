"""People decide in real browsers: by keyboard, without JavaScript, two at a time."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import Decision
from tests.browser.conftest import Browsers, aside
from tests.proposals import Propose, vote

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Keyboard:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)


def live(page: Page) -> None:
    """Wait until the page is connected."""
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=10_000)


def test_ten_items_are_decided_by_keyboard_alone(
    browsers: Browsers, proposed: Propose, senior: User, record_property: Callable[[str, object], None]
) -> None:
    aside(lambda: [proposed("isolate_host", "host", f"WS-10{number}") for number in (31, 32, 33)])
    aside(lambda: [proposed("block_ip", "ip", f"203.0.113.{number}") for number in range(1, 6)])
    aside(lambda: [proposed("collect_memory", "host", f"WS-10{number}") for number in (34, 35)])
    page = browsers.logged_in(senior)
    live(page)
    keys = Keyboard(page)
    for number in range(10):
        keys.press("j")
        expect(page.locator("#detail")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("form[data-decide]")).to_have_count(1)
        title = page.locator("#act-title").inner_text()
        if number % 3 == 2:
            keys.press("r", "2", "Control+Enter")
        else:
            keys.press("a")
            if "Collect" in title:
                keys.type("seen")
            keys.press("Control+Enter")
        expect(page.locator("[data-result]")).to_be_visible()
    assert aside(lambda: Decision.objects.filter(user=senior).count()) == 10
    assert aside(lambda: Decision.objects.filter(decision="reject", reason_code="wrong_target").count()) == 3
    record_property("keys_for_ten_items", keys.pressed)
    assert keys.pressed <= 45
    assert browsers.complaints == []


def test_keys_pressed_while_an_item_loads_act_on_that_item(browsers: Browsers, proposed: Propose, senior: User) -> None:
    aside(lambda: [proposed(value=f"WS-10{number}") for number in (31, 32, 33)])
    page = browsers.logged_in(senior)
    live(page)
    page.keyboard.press("j")
    expect(page.locator("#act-title")).to_contain_text("WS-1031")
    # No pause between the keys: the first item is still drawn when `a` arrives.
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#act-title")).to_contain_text("WS-1032")
    expect(page.locator("input[name=decision]:checked")).to_have_value("approve")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-result]")).to_be_visible()
    assert aside(lambda: Decision.objects.get().action.target_value) == "WS-1032"


def test_of_several_rows_chosen_quickly_the_last_one_is_shown(
    browsers: Browsers, proposed: Propose, senior: User
) -> None:
    aside(lambda: [proposed(value=f"WS-10{number}") for number in range(31, 37)])
    page = browsers.logged_in(senior)
    live(page)
    for _ in range(5):
        page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#act-title")).to_contain_text("WS-1035")
    expect(page.locator("input[name=decision]:checked")).to_have_value("approve")
    expect(page.locator("[data-row].is-current strong")).to_have_text("WS-1035")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    expect(page.locator("#act-title")).to_contain_text("WS-1034")
    assert browsers.complaints == []


def test_no_key_decides_while_the_form_is_closed_or_somebody_types(
    browsers: Browsers, proposed: Propose, senior: User
) -> None:
    action = aside(proposed)
    page = browsers.page(senior)
    page.goto(f"/queue/{action.id}/")
    live(page)
    page.keyboard.press("Control+Enter")
    page.get_by_label("Filter by words").focus()
    page.keyboard.type("arjk?")
    expect(page.get_by_label("Filter by words")).to_have_value("arjk?")
    expect(page.locator("#keys")).not_to_be_visible()
    expect(page.locator("input[name=decision]:checked")).to_have_count(0)
    assert not aside(Decision.objects.exists)


def test_single_keys_can_be_turned_off(browsers: Browsers, proposed: Propose, senior: User) -> None:
    action = aside(proposed)
    page = browsers.page(senior)
    page.goto(f"/queue/{action.id}/")
    page.get_by_role("button", name=re.compile("Account of")).click()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("?")
    expect(page.locator("input[name=decision]:checked")).to_have_count(0)
    expect(page.locator("#keys")).not_to_be_visible()


def test_the_help_lists_the_registry_that_the_code_uses(browsers: Browsers, senior: User) -> None:
    page = browsers.page(senior)
    page.goto("/help/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    shown = page.locator("#keys-list dt").all_inner_texts()
    on_page = page.locator("#keys-sheet dt").all_inner_texts()
    assert len(shown) >= 20
    assert [text.split() for text in shown] == [text.split() for text in on_page]
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).not_to_be_visible()


def test_the_same_decision_without_javascript(browsers: Browsers, proposed: Propose, senior: User) -> None:
    action = aside(lambda: proposed("wipe_endpoint"))
    page = browsers.logged_in(senior, java_script_enabled=False)
    page.get_by_role("link", name=re.compile("Wipe endpoint")).click()
    expect(page.get_by_role("heading", name=re.compile("Wipe endpoint"))).to_be_visible()
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_label(re.compile("Type the target")).fill(action.target_value)
    page.get_by_label(re.compile("Comment")).fill("The disk image is safe.")
    page.get_by_role("button", name=re.compile("^Approve: wipe endpoint")).click()
    expect(page.get_by_text("A second person has to agree")).to_be_visible()
    assert aside(lambda: Decision.objects.get().comment) == "The disk image is safe."


def test_two_people_approve_and_each_sees_the_other_without_reloading(
    browsers: Browsers, proposed: Propose, senior: User, lead: User
) -> None:
    action = aside(lambda: proposed("wipe_endpoint"))
    first, second = browsers.logged_in(senior), browsers.logged_in(lead)
    for page in (first, second):
        page.goto(f"/queue/{action.id}/")
        live(page)
    for page, other in ((first, second), (second, first)):
        page.keyboard.press("a")
        page.keyboard.type(action.target_value)
        page.keyboard.press("Tab")
        page.keyboard.type("I checked the case")
        page.locator("#evidence").scroll_into_view_if_needed()
        expect(page.locator("button[data-send=approve]")).to_have_attribute("aria-disabled", "false")
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-result]")).to_be_visible()
        expect(other.locator(".step-done")).to_have_count(2 if page is first else 3)
    expect(first.locator(".act-state")).to_have_attribute("data-status", "approved")
    expect(first.locator("form[data-decide]")).to_have_count(0)
    assert browsers.complaints == []


def test_a_half_typed_reason_survives_what_others_do(
    browsers: Browsers, proposed: Propose, lead: User, senior: User
) -> None:
    action = aside(lambda: proposed("wipe_endpoint"))
    page = browsers.logged_in(lead)
    page.goto(f"/queue/{action.id}/")
    live(page)
    page.keyboard.press("a")
    comment = page.get_by_label(re.compile("Comment"))
    comment.fill("half a thou")
    aside(lambda: vote(senior, action))
    expect(page.locator(".step-done")).to_have_count(2)
    expect(comment).to_have_value("half a thou")
    expect(comment).to_be_focused()


def test_a_rejection_elsewhere_closes_the_open_form_and_is_announced(
    browsers: Browsers, proposed: Propose, lead: User, senior: User
) -> None:
    action = aside(lambda: proposed("wipe_endpoint"))
    page = browsers.logged_in(lead)
    page.goto(f"/queue/{action.id}/")
    live(page)
    page.keyboard.press("a")
    aside(lambda: vote(senior, action, "reject", reason_code="wrong_target"))
    expect(page.locator("form[data-decide]")).to_have_count(0)
    expect(page.locator(".act-state")).to_contain_text("senior")
    expect(page.locator("#announce-now")).to_contain_text("Rejected")
    expect(page.locator(f"#act-{action.id}")).to_have_class(re.compile("is-spent"))


def test_what_was_decided_meanwhile_is_answered_with_how_it_stands(
    browsers: Browsers, proposed: Propose, analyst: User, senior: User
) -> None:
    action = aside(proposed)
    page = browsers.logged_in(analyst)
    page.goto(f"/queue/{action.id}/")
    live(page)
    # This page hears nothing more, as behind a dead socket.
    page.evaluate("document.addEventListener('htmx:ws:before:message:incoming', (e) => e.preventDefault(), true)")
    aside(lambda: vote(senior, action, "reject", reason_code="policy"))
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-error]")).to_contain_text("No vote was stored")
    expect(page.locator(".moved")).to_contain_text("Rejected")
    assert aside(Decision.objects.count) == 1


def test_arrivals_wait_behind_a_pill_and_the_title_counts(browsers: Browsers, proposed: Propose, analyst: User) -> None:
    aside(lambda: proposed(value="WS-1031"))
    page = browsers.page(analyst)
    page.goto("/queue/")
    live(page)
    aside(lambda: [proposed(value="WS-1032"), proposed(value="WS-1033")])
    pill = page.locator("#new-pill")
    expect(pill).to_contain_text("2 new")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page).to_have_title(re.compile(r"^\(3\) Queue"))
    page.keyboard.press(".")
    expect(page.locator("[data-row]")).to_have_count(3)
    expect(pill).not_to_be_visible()


def test_people_of_another_team_hear_nothing(browsers: Browsers, proposed: Propose, outsider: User) -> None:
    page = browsers.page(outsider)
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto("/queue/")
    live(page)
    aside(lambda: proposed(value="WS-1032"))
    page.wait_for_timeout(1500)
    expect(page.locator("[data-row]")).to_have_count(0)
    assert not any("WS-1032" in frame or '"content"' in frame for frame in heard)


def test_going_back_shows_the_item_before_and_stays_live(
    browsers: Browsers, proposed: Propose, analyst: User, senior: User
) -> None:
    first, second = aside(lambda: [proposed(value="WS-1031"), proposed(value="WS-1032")])
    page = browsers.page(analyst)
    page.goto("/queue/")
    live(page)
    for value in ("WS-1031", "WS-1032"):
        page.keyboard.press("j")
        expect(page.locator("#act-title")).to_contain_text(value)
    expect(page).to_have_url(re.compile(f"/queue/{second.id}/"))
    page.go_back()
    expect(page.locator("#act-title")).to_contain_text("WS-1031")
    expect(page.locator(f"#act-{first.id}")).to_have_class(re.compile("is-current"))
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    aside(lambda: vote(senior, first, "reject", reason_code="policy"))
    expect(page.locator(".act-state")).to_contain_text("senior")
    page.keyboard.press("j")
    expect(page.locator("#act-title")).to_contain_text("WS-1032")
    assert browsers.complaints == []


def test_an_error_page_is_said_in_words_and_not_put_into_the_pane(
    browsers: Browsers, proposed: Propose, analyst: User
) -> None:
    aside(lambda: [proposed(value="WS-1031"), proposed(value="WS-1032")])
    page = browsers.page(analyst)
    page.goto("/queue/")
    live(page)
    page.keyboard.press("j")
    expect(page.locator("#act-title")).to_contain_text("WS-1031")
    page.route(
        "**/queue/*/", lambda route: route.fulfill(status=503, body="<!doctype html><title>x</title><h1>no</h1>")
    )
    # Both keys before the answer: the second was meant for the item that never came.
    page.evaluate(
        "for (const key of ['j', 'a']) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    )
    expect(page.locator("#toasts")).to_contain_text("Not available just now")
    expect(page.locator("[data-row].is-current strong")).to_have_text("WS-1031")
    expect(page.locator("input[name=decision]:checked")).to_have_count(0)
    expect(page.locator("#act-title")).to_contain_text("WS-1031")
    expect(page.locator("h1")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator("input[name=decision]:checked")).to_have_count(1)
