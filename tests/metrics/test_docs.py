"""docs/metrics.md and docs/api.md say what the code says."""

from pathlib import Path

import pytest

from accounts.models import Scope
from approvals.catalogue import CATALOGUE
from approvals.models import ActionStatus, ReasonCode
from metrics import words
from metrics.definitions import DEFINITIONS, Definition
from soc.api import api

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")
#: What is never the answer of a call: a proposal in its first transaction.
INNER = {ActionStatus.PROPOSED}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda item: item.key)
def test_every_metric_is_in_the_table_with_its_target(definition: Definition) -> None:
    line = next(line for line in METRICS.splitlines() if line.startswith(f"| `{definition.key}` | {definition.name} |"))
    assert words.target(definition) in line
    assert ("none:" in line) == (not definition.is_computed)


def test_every_call_of_the_description_is_explained() -> None:
    paths = api.get_openapi_schema()["paths"]
    for path, methods in paths.items():
        name = path.removeprefix("/api/v1/").replace("{alert_id}", "{id}").replace("{action_id}", "{id}")
        for method in methods:
            assert f"`{method.upper()} {name}`" in API, (method, path)


def test_every_word_that_a_program_meets_is_listed() -> None:
    known = [*Scope.values, *ReasonCode.values, *CATALOGUE, *(set(ActionStatus) - INNER)]
    assert [word for word in known if word not in API] == []
