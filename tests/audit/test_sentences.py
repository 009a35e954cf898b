"""Sentences never fail on a reader's page, whatever an entry lacks."""

import pytest

from audit import actions


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SENTENCES", dict(actions.SENTENCES))


def test_a_sentence_names_actor_object_and_fields() -> None:
    actions.register("tests.thing.moved", "{actor} moved {object} from {before[place]} to {after.place}: {reason}")
    body = {
        "action": "tests.thing.moved",
        "actor": {"name": "Mia"},
        "object": {"label": "WS-1001"},
        "before": {"place": "A"},
        "after": {"place": "B"},
        "reason": "because",
    }
    assert actions.sentence(body) == "Mia moved WS-1001 from A to B: because"


@pytest.mark.parametrize("body", [{}, {"actor": None}, {"actor": "x", "object": 3, "after": [1]}])
def test_missing_fields_become_dashes(body: dict[str, object]) -> None:
    actions.register("tests.thing.moved", "{actor} moved {object} to {after[place][deep]}")
    assert actions.sentence(body | {"action": "tests.thing.moved"}) == "– moved – to –"


def test_an_action_that_is_no_longer_registered_still_reads() -> None:
    body = {"action": "old.thing.done", "actor": {"id": "7"}, "object": {"id": "x"}}
    assert actions.sentence(body) == "7 did “old.thing.done” to x"


def test_braces_in_values_stay_text() -> None:
    actions.register("tests.thing.moved", "{actor} moved {object}")
    body = {"action": "tests.thing.moved", "actor": {"name": "{reason.__class__}"}, "object": {"id": "{0}"}}
    assert actions.sentence(body) == "{reason.__class__} moved {0}"


@pytest.mark.parametrize("name", ["", "one", "Two.Words", "a.b c", "a.b.c.d.e", "a..b"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an action name"):
        actions.register(name, "{actor}")


def test_one_name_has_one_sentence() -> None:
    actions.register("tests.thing.moved", "one")
    actions.register("tests.thing.moved", "one")
    with pytest.raises(ValueError, match="twice"):
        actions.register("tests.thing.moved", "two")


def test_an_unbalanced_sentence_fails_at_the_start() -> None:
    with pytest.raises(ValueError, match="expected"):
        actions.register("tests.thing.broken", "{actor moved")


def test_every_registered_sentence_renders() -> None:
    for name in actions.SENTENCES:
        assert actions.sentence({"action": name})
