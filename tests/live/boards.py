"""Kinds of objects for these tests: a team's name, seen by the team's members; and one whose renderer is broken."""

from accounts.models import Team, User
from accounts.people import team_ids_of
from live import topics


def render_board(viewer: User, object_id: str) -> str | None:
    """Show the name as it is now."""
    team = Team.objects.filter(pk=object_id.partition("/")[0], pk__in=team_ids_of(viewer)).first()
    return None if team is None else f'<hx-partial hx-target="#board">{object_id} {team.name}</hx-partial>'


def render_broken(viewer: User, object_id: str) -> str | None:
    """Fail, as a renderer with a mistake in it does."""
    raise LookupError(object_id)


def register() -> None:
    """Do what an app does in ready()."""
    topics.register("board", render_board)
    topics.register("shared_board", render_board, viewer_class=lambda viewer: tuple(team_ids_of(viewer)))
    topics.register("broken", render_broken)
