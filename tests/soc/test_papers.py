"""Papers that must be true: every setting is documented, every ADR has its parts."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("soc", "accounts", "audit", "live", "integrations", "incidents", "approvals", "agents", "metrics")


def test_every_setting_of_the_environment_stands_in_the_operations_guide() -> None:
    read = re.compile(r"""(?:text|flag|integer|words|get|getenv)\(\s*f?["'](COUNTERSIGN_[A-Z_]+)["']""")
    names = {name for app in APPS for path in (ROOT / app).rglob("*.py") for name in read.findall(path.read_text())}
    guide = (ROOT / "docs" / "operations.md").read_text()
    assert len(names) >= 15
    assert sorted(name for name in names if f"`{name}`" not in guide) == []


def test_every_decision_record_has_context_decision_and_consequences() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert len(records) >= 12
    for record in records:
        text = record.read_text()
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), record.name
        assert len(text) < 4000, f"{record.name} is longer than a page"


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert len(links) >= 8
    assert [link for link in links if not (ROOT / link).exists()] == []
