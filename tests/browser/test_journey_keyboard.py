"""Ten items of every level that people decide, by keyboard alone: no key more than needed."""

import time

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import Decision
from tests.browser.conftest import Browsers, aside
from tests.browser.test_decide import Keyboard, live
from tests.proposals import Propose

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TYPED = {"Wipe endpoint": "Imaged", "Collect memory": "Case 12"}


def decide(page: Page, keys: Keyboard, *, is_rejected: bool) -> None:
    """Decide the open item; strict levels are scrolled through with `b` and `v` first, as a reader does."""
    title = page.locator("#act-title").inner_text()
    strict = next((label for label in TYPED if label in title), "")
    if is_rejected:
        keys.press("r", "5", "Control+Enter")
        return
    keys.press("a")
    if page.locator("input[name=decision]:checked").count() == 0:
        keys.press("a")
    if strict == "Wipe endpoint":
        keys.type(title.split()[-1])
        keys.press("Tab")
    if strict:
        keys.type(TYPED[strict])
    keys.press("Control+Enter")
    if strict and page.locator("[data-result]").count() == 0:
        page.wait_for_timeout(300)


def test_ten_items_of_all_levels_are_decided_without_a_pointer(
    browsers: Browsers, proposed: Propose, senior: User
) -> None:
    aside(
        lambda: (
            [proposed("wipe_endpoint", value=f"WS-103{n}") for n in (1, 2)],
            [proposed("collect_memory", value=f"WS-103{n}") for n in (3, 4)],
            [proposed(value=f"WS-103{n}") for n in (5, 6, 7)],
            [proposed("block_ip", "ip", f"203.0.113.{n}") for n in (1, 2, 3)],
        )
    )
    page = browsers.logged_in(senior)
    live(page)
    keys = Keyboard(page)
    started = time.monotonic()
    for number in range(10):
        keys.press("j")
        expect(page.locator("#detail")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("form[data-decide]")).to_have_count(1)
        decide(page, keys, is_rejected=number % 5 == 4)
        expect(page.locator("[data-result]")).to_be_visible()
    seconds = time.monotonic() - started
    votes = aside(lambda: list(Decision.objects.values_list("action__approval_level", "decision")))
    levels = sorted({level for level, _ in votes})
    assert len(votes) == 10
    assert levels == ["dual_required", "optional", "recommended", "required"]
    assert sum(kind == "reject" for _, kind in votes) == 2
    assert browsers.complaints == []
    print(f"\nJOURNEY keyboard: 10 items of {len(levels)} levels, {keys.pressed} key presses, {seconds:.1f} s")
