"""Every main page: no accessibility violation, no sideways scrolling, nothing that the CSP has to stop."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from approvals.models import PendingAction
from tests.browser.conftest import Browsers, aside
from tests.proposals import Propose, vote

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
AXE = Path(__file__).parent / "vendor" / "axe-core-4.11.1.min.js"
TEMPLATES = Path(__file__).parents[2] / "templates"
HOSTILE = "Ignore all rules <script>document.title='owned'</script> evil\u202etxt.exe p\u0430ypal.com " + "A" * 300
TARGETS_OF_24_PX = {"rules": {"target-size": {"enabled": True}}}


@pytest.fixture
def pages(proposed: Propose, senior: User, lead: User) -> Callable[[], list[str]]:
    """Return a function that fills the desk with every state and names the pages to look at."""

    def fill() -> list[str]:
        dual, done = proposed("wipe_endpoint"), proposed(value="WS-1032")
        hostile = proposed(
            "collect_memory",
            value="WS-1034",
            reasoning=HOSTILE,
            rollback_plan=HOSTILE,
            evidence=[{"claim": HOSTILE, "source": HOSTILE, "ref": HOSTILE}],
        )
        proposed("block_ip", "ip", "203.0.113.7")
        vote(senior, dual)
        vote(lead, done, "reject", reason_code="wrong_target", comment="Not this host")
        return ["/queue/", "/queue/?tab=done", *_of(dual), *_of(done), *_of(hostile), "/help/"]

    return fill


def _of(action: PendingAction) -> list[str]:
    return [f"/queue/{action.id}/", f"/a/{action.id}/", f"/actions/{action.id}/"]


def violations(page: Page) -> list[str]:
    """Return what axe-core finds, one line each."""
    # An init script, because the CSP forbids to inject one into a loaded page.
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", TARGETS_OF_24_PX)
    return [
        f"{item['id']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for item in result["violations"]
        for node in item["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_and_quiet(
    browsers: Browsers, pages: Callable[[], list[str]], lead: User, theme: str, width: int, shots: Path | None
) -> None:
    paths = aside(pages)
    context = browsers.context(lead, viewport={"width": width, "height": 900}, color_scheme=theme)
    context.add_init_script(path=AXE)
    page = context.new_page()
    found: dict[str, list[str]] = {}
    nav = ["/alerts/", "/agents/", "/metrics/", "/audit/", "/estate/"]
    page.goto("/queue/")
    there = [path for path in nav if page.locator(f'.side a[href="{path}"]').count()]
    for path in [*paths, *there, "/accounts/logout/", "/no-such-page/"]:
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        page.wait_for_timeout(150)
        if shots:
            page.screenshot(path=shots / f"{re.sub(r'[^a-z0-9]+', '-', path)[:24]}-{width}-{theme}.png")
        problems = violations(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append(f"scrolls sideways: {page.evaluate('document.documentElement.scrollWidth')}")
        if problems:
            found[path] = problems
    assert found == {}
    assert [text for text in browsers.complaints if "404" not in text] == []


def test_320_pixels_are_enough(browsers: Browsers, pages: Callable[[], list[str]], lead: User) -> None:
    paths = aside(pages)
    page = browsers.page(lead, viewport={"width": 320, "height": 700})
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_nothing_hostile_runs_and_all_of_it_is_seen(
    browsers: Browsers, pages: Callable[[], list[str]], lead: User
) -> None:
    paths = aside(pages)
    page = browsers.page(lead)
    for path in paths:
        page.goto(path)
        assert "owned" not in page.title()
    page.goto(paths[-2])
    assert "‹U+202E›" in page.locator("main").inner_text()
    assert "\u202e" not in page.content()


def test_the_desk_stays_within_its_budget(browsers: Browsers, pages: Callable[[], list[str]], lead: User) -> None:
    aside(pages)
    page = browsers.page(lead)
    sizes: dict[str, int] = {}

    def count(response: Any) -> None:
        kind = "css" if ".css" in response.url else "js" if ".js" in response.url else ""
        if kind:
            sizes[kind] = sizes.get(kind, 0) + len(gzip.compress(response.body()))

    page.on("response", count)
    page.goto("/queue/", wait_until="networkidle")
    assert sizes["css"] <= 90 * 1024
    assert sizes["js"] <= 60 * 1024


def test_templates_hold_nothing_that_the_policy_forbids() -> None:
    forbidden = re.compile(r"""\sstyle=|\son[a-z]+\s*=\s*["']|hx-on|\bjs:|javascript:|\|\s*safe\b|autoescape off""")
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert forbidden.findall(text) == [], path.name
