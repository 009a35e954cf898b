"""Stopping and lifting with two people on screen: the strip reaches everybody's open page."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import Stop
from tests.approvals.control import freeze, stop
from tests.browser.conftest import Browsers, aside
from tests.browser.test_look import AXE, violations
from tests.proposals import Propose

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
REASON = "Odd <b>proposals</b> since noon " + "A" * 200


def live(page: Page) -> None:
    """Wait until the page hears of changes."""
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_a_stop_shows_on_everybodys_open_page_and_two_people_lift_it(
    browsers: Browsers, proposed: Propose, lead: User, senior: User, analyst: User
) -> None:
    bystander = browsers.page(analyst)
    bystander.goto("/queue/")
    live(bystander)
    first, second = browsers.logged_in(lead), browsers.logged_in(senior)
    first.goto("/control/")
    first.locator("#kill_switch-target").select_option("all:")
    first.locator("#kill_switch-reason").fill("Odd proposals since noon")
    first.locator("#kill_switch-typed").fill("everything")
    first.get_by_role("button", name="Stop it now").click()
    expect(first.locator("#messages")).to_contain_text("Stopped: everything")
    expect(bystander.locator("#stops")).to_contain_text("lead stopped everything")
    second.goto("/control/")
    live(second)
    first.get_by_label("Why it can be lifted").fill("Understood and fixed")
    first.get_by_role("button", name="Ask to lift it").click()
    expect(first.get_by_role("button", name="Confirm: lift it")).to_have_count(0)
    second.get_by_role("link", name="What is stopped has changed. Show it").click()
    second.get_by_role("button", name="Confirm: lift it").click()
    expect(second.locator("#messages")).to_contain_text("Lifted: the kill switch on everything")
    expect(bystander.locator("#stops")).to_be_empty()
    assert aside(lambda: Stop.objects.get().lifted_by) == senior
    assert browsers.complaints == []


@pytest.mark.parametrize("width", [1440, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_control_page_is_accessible_and_narrow_enough(
    browsers: Browsers, lead: User, senior: User, theme: str, width: int
) -> None:
    aside(lambda: (stop(senior, reason=REASON), freeze(lead, hours=3), freeze(lead, hours=1, starts_in=5)))
    context = browsers.context(lead, viewport={"width": width, "height": 900}, color_scheme=theme)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/control/")
    expect(page.locator("h1")).to_have_count(1)
    page.wait_for_timeout(150)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert browsers.complaints == []
