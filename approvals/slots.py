"""Who fills which slot: one person one slot, whatever their roles (bipartite matching by augmenting paths)."""

from collections.abc import Sequence

Roles = frozenset[str]


def match(slots: Sequence[Roles], voters: Sequence[Roles]) -> list[int | None] | None:
    """Return, per slot, the index of the voter who fills it (None: open) with every voter placed, else None.

    `slots[i]` are the roles of which any one fills slot i, `voters[j]` those that voter j holds. Voters may be moved
    between slots to make room (Kuhn's algorithm); a voter for whom no room can be made makes the whole None.
    """
    filled: list[int | None] = [None] * len(slots)
    for voter in range(len(voters)):
        if not _place(voter, slots, voters, filled, set()):
            return None
    return filled


def _place(
    voter: int, slots: Sequence[Roles], voters: Sequence[Roles], filled: list[int | None], tried: set[int]
) -> bool:
    for index, roles in enumerate(slots):
        if index in tried or not roles & voters[voter]:
            continue
        tried.add(index)
        holder = filled[index]
        if holder is None or _place(holder, slots, voters, filled, tried):
            filled[index] = voter
            return True
    return False
