"""An auditor reads the record in a browser: finds, opens, verifies, exports; on a desk and on a phone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import Browsers
from tests.proposals import Propose, vote

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def history(proposed: Propose, senior: User) -> str:
    """Two decided actions; return the id of the one that was rejected."""
    vote(senior, proposed(value="WS-1032"))
    rejected = proposed(value="WS-1031")
    comment = "Known \u202escanner <b>of the</b> network team"
    return str(vote(senior, rejected, "reject", reason_code="wrong_target", comment=comment).id)


def shoot(page: Page, shots: Path | None, name: str) -> None:
    if shots:
        page.screenshot(path=shots / f"{name}.png", full_page=True)


def has_no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_an_auditor_finds_a_decision_and_reads_it(
    browsers: Browsers, history: str, auditor: User, shots: Path | None
) -> None:
    page = browsers.page(auditor)
    page.goto("/audit/")
    shoot(page, shots, "audit-1440-light")
    page.get_by_label("Search the record").fill(f"object:{history} action:approvals.action.decided")
    page.get_by_role("button", name="Search").click()
    row = page.locator("[data-row]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("‹U+202E›")
    expect(row).to_contain_text("<b>of the</b>")
    row.locator("[data-row-link]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Audit entry \d+"))
    shoot(page, shots, "audit-entry-1440-light")
    page.locator("dd a", has_text="WS-1031").click()
    expect(page).to_have_url(re.compile(f"/actions/{history}/"))
    assert browsers.complaints == []


def test_the_record_is_verified_and_exported(
    browsers: Browsers, history: str, auditor: User, shots: Path | None
) -> None:
    page = browsers.page(auditor)
    page.goto("/audit/verify/")
    expect(page.locator("#audit-result")).to_have_attribute("data-result", "intact")
    shoot(page, shots, "audit-verify-1440-light")
    page.goto(f"/audit/?q=object:{history}")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("seq,at,action,")
    assert all(history in line for line in lines[1:])
    assert len(lines) >= 3
    page.goto("/audit/")
    expect(page.locator("[data-row]").first).to_contain_text("audit.log.exported")
    assert browsers.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(
    browsers: Browsers, history: str, auditor: User, shots: Path | None, width: int, scheme: str
) -> None:
    page = browsers.page(auditor, viewport={"width": width, "height": 844}, color_scheme=scheme)
    for path, name in (("/audit/", "audit"), ("/audit/3/", "audit-entry"), ("/audit/verify/", "audit-verify")):
        page.goto(path)
        shoot(page, shots, f"{name}-{width}-{scheme}")
        assert has_no_sideways_scroll(page), path
    assert browsers.complaints == []


def test_it_reads_without_javascript(browsers: Browsers, history: str, auditor: User) -> None:
    page = browsers.page(auditor, java_script_enabled=False)
    page.goto(f"/audit/?q=object:{history}")
    page.locator("summary").first.click()
    expect(page.locator("details[open] table").first).to_be_visible()
    page.locator("[data-row-link]").first.click()
    expect(page.get_by_role("heading", name="Place in the chain")).to_be_visible()
