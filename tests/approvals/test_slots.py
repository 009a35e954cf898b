"""F3: slot matching against brute force, exhaustively: 4 people, 3 slots, every set of roles."""

from itertools import permutations, product

import pytest

from approvals.slots import match

ROLES = ("senior_analyst", "soc_lead", "incident_commander")
SETS = [frozenset(role for role, held in zip(ROLES, bits, strict=True) if held) for bits in product((0, 1), repeat=3)]


def brute_force(slots: list[frozenset[str]], voters: list[frozenset[str]]) -> bool:
    """Every voter has a slot of their own."""
    return any(
        all(slots[index] & voter for index, voter in zip(choice, voters, strict=True))
        for choice in permutations(range(len(slots)), len(voters))
    )


@pytest.mark.parametrize("voters", [1, 2, 3, 4])
def test_matching_agrees_with_brute_force_on_every_assignment(voters: int) -> None:
    slot_sets = [frozenset({"senior_analyst", "soc_lead"}), frozenset({"soc_lead"}), frozenset({"incident_commander"})]
    seen = 0
    for roles in product(SETS, repeat=voters):
        filled = match(slot_sets, list(roles))
        assert (filled is not None) == brute_force(slot_sets, list(roles))
        if filled is not None:
            placed = [index for index in filled if index is not None]
            assert sorted(placed) == list(range(voters))
            assert all(slot_sets[i] & roles[v] for i, v in enumerate(filled) if v is not None)
            seen += 1
    assert seen > 0 or voters == 4


def test_a_lead_who_voted_first_makes_room_for_a_senior() -> None:
    wide, narrow = frozenset({"senior_analyst", "soc_lead"}), frozenset({"soc_lead"})
    assert match([wide, narrow], [narrow, frozenset({"senior_analyst"})]) == [1, 0]


def test_zero_slots_take_nobody() -> None:
    assert match([], [frozenset({"soc_lead"})]) is None
