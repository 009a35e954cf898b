"""Who may read which entries: a hook that accounts fills, because audit knows no roles and no teams."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from audit.actors import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may read: everything (and export it), or what `where` selects. `actor` names them."""

    actor: Actor
    is_everything: bool = False
    where: Q = field(default_factory=lambda: Q(pk__in=[]))
    #: Whom veils are asked about; None for commands, which read everything.
    viewer: Any = None


def _nobody(viewer: Any) -> Sight:
    return Sight(SYSTEM)


#: From (viewer, ids of objects) to the ids whose reasons and fields this viewer must not read yet.
Veil = Callable[[Any, set[str]], set[str]]

_veils: dict[str, Veil] = {}
_scope: list[Callable[[Any], Sight]] = [_nobody]


def register(scope: Callable[[Any], Sight]) -> None:
    """Have `scope` say what a person may read. Until somebody registers, nobody reads anything."""
    _scope[0] = scope


def of(viewer: Any) -> Sight:
    """Return what `viewer` may read."""
    return _scope[0](viewer)


def register_veil(action: str, veil: Veil) -> None:
    """Have `veil` hide, for a time, the reasons and fields of entries named `action`: independent reviews need it."""
    _veils[action] = veil


def veiled(viewer: Any, entries: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of `entries`, as (action, object id), whose reasons and fields `viewer` must not read now."""
    by_action: dict[str, set[str]] = {}
    for action, object_id in entries:
        if action in _veils:
            by_action.setdefault(action, set()).add(object_id)
    return {(action, hidden) for action, ids in by_action.items() for hidden in _veils[action](viewer, ids)}
