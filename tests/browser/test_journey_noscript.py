"""Log in, read, decide and see the result with JavaScript switched off."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import Decision
from tests.browser.conftest import Browsers, aside
from tests.proposals import Propose

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def opened(page: Page, words: str) -> None:
    """Go from the queue to an item as a reader does: by its link."""
    page.goto("/queue/")
    page.get_by_role("link", name=re.compile(words)).click()
    expect(page.locator("#act-title")).to_contain_text(words.rsplit(maxsplit=1)[-1])


def test_approve_reject_and_dual_without_javascript(
    browsers: Browsers, proposed: Propose, senior: User, lead: User
) -> None:
    aside(lambda: [proposed("block_ip", "ip", "203.0.113.7"), proposed(value="WS-1032"), proposed("wipe_endpoint")])
    page = browsers.logged_in(senior, java_script_enabled=False)

    opened(page, "Block address 203.0.113.7")
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_role("button", name=re.compile("^Approve: block address")).click()
    expect(page.locator("main .alert-success")).to_be_visible()
    expect(page.locator(".act-state")).to_have_attribute("data-status", "approved")

    opened(page, "Isolate host WS-1032")
    page.get_by_role("radio", name=re.compile("Reject")).check()
    page.get_by_role("button", name="Reject and end it").click()
    expect(page.locator("[data-error]")).to_contain_text("Nothing was decided yet")
    page.get_by_role("radio", name=re.compile("Reject")).check()
    page.get_by_label(re.compile("Reason")).select_option("insufficient_evidence")
    page.get_by_role("button", name="Reject and end it").click()
    expect(page.locator(".act-state")).to_contain_text("insufficient evidence")

    opened(page, "Wipe endpoint WS-1031")
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_label(re.compile("Type the target")).fill("WS-1032")
    page.get_by_label(re.compile("Comment")).fill("Imaged before")
    page.get_by_role("button", name=re.compile("^Approve: wipe endpoint")).click()
    expect(page.locator("form")).not_to_have_count(0)
    expect(page.locator(".invalid")).to_contain_text("Type the target exactly")
    assert aside(lambda: Decision.objects.filter(action__action_type="wipe_endpoint").count()) == 0
    # What was typed is still there; only the wrong field is corrected.
    expect(page.get_by_label(re.compile("Comment"))).to_have_value("Imaged before")
    page.get_by_label(re.compile("Type the target")).fill("WS-1031")
    page.get_by_role("button", name=re.compile("^Approve: wipe endpoint")).click()
    expect(page.get_by_text("A second person has to agree")).to_be_visible()

    other = browsers.logged_in(lead, java_script_enabled=False)
    opened(other, "Wipe endpoint WS-1031")
    assert "Imaged before" not in other.content()
    other.get_by_role("radio", name=re.compile("Approve")).check()
    other.get_by_label(re.compile("Type the target")).fill("WS-1031")
    other.get_by_label(re.compile("Comment")).fill("Agreed with the owner")
    other.get_by_role("button", name=re.compile("^Approve: wipe endpoint")).click()
    expect(other.locator(".act-state")).to_have_attribute("data-status", "approved")
    expect(other.locator(".vote").first).to_contain_text("Imaged before")
    assert aside(Decision.objects.count) == 4
    # The two answers of 422 are all that the console had to say.
    assert [words for words in browsers.complaints if "422" not in words] == []


def test_an_old_log_in_is_confirmed_without_javascript_and_the_draft_is_kept(
    browsers: Browsers, proposed: Propose, senior: User
) -> None:
    action = aside(lambda: proposed("collect_memory"))
    # A session that never typed a password, as one that is older than five minutes.
    page = browsers.page(senior, java_script_enabled=False)
    page.goto(f"/queue/{action.id}/")
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_label(re.compile("Comment")).fill("Needed for the case")
    page.get_by_role("button", name=re.compile("^Approve: collect memory")).click()
    assert not aside(Decision.objects.exists)
    page.get_by_label("Password").fill("correct-horse-battery")
    page.locator("main button[type=submit], form button[type=submit]").last.click()
    expect(page.locator("#act-title")).to_contain_text("WS-1031")
    expect(page.get_by_label(re.compile("Comment"))).to_have_value("Needed for the case")
    page.get_by_role("radio", name=re.compile("Approve")).check()
    page.get_by_role("button", name=re.compile("^Approve: collect memory")).click()
    expect(page.locator(".act-state")).to_have_attribute("data-status", "approved")
    assert aside(lambda: Decision.objects.get().comment) == "Needed for the case"
