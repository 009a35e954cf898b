"""What each kind of object looks like on a page: the upper apps register a renderer, `live` knows none of them."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any

#: `renderer(viewer, object_id)` → `<hx-partial>` blocks for that viewer, None where the viewer may not see it.
Renderer = Callable[[Any, str], str | None]
#: `viewer_class(viewer)` → everything about a viewer that the renderer looks at; equal classes share one rendering.
ViewerClass = Callable[[Any], Hashable]


@dataclass(frozen=True, slots=True)
class Topic:
    """One object type with its renderer."""

    object_type: str
    renderer: Renderer
    viewer_class: ViewerClass | None = None


TOPICS: dict[str, Topic] = {}


def register(object_type: str, renderer: Renderer, viewer_class: ViewerClass | None = None) -> None:
    """Register in ready(). The renderer must check permission itself: it is the only check before sending.

    Without `viewer_class` every person gets a rendering of their own. With it, whatever the renderer reads of the
    viewer (roles, teams, own earlier vote) must be in the returned value, or one person sees another's page.
    The viewer is loaded anew for every delivery, so caching on the instance is safe.
    """
    TOPICS[object_type] = Topic(object_type, renderer, viewer_class)


def _active(viewers: Collection[Any]) -> set[Any]:
    return {viewer.pk for viewer in viewers if viewer.is_active}


#: accounts sets this in ready(): the keys of those of the viewers who may look at anything at all (have a role). The
#: others' sockets are closed with 4403. One question for all of them: it is asked before everything that is sent.
entitled: Callable[[Collection[Any]], set[Any]] = _active


def is_entitled(viewer: Any) -> bool:
    """Ask `entitled` for one viewer."""
    return viewer.pk in entitled([viewer])
