"""The demo's teams, accounts, agents and sources: made where they are missing."""

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import Agent, AlertSource, Team, User
from accounts.people import team_ids_of
from accounts.services import add_to_team, create_agent, create_person, create_source, create_team, grant_role
from agents.services.heartbeat import heartbeat
from soc.demo.world import AGENTS, CAST, SOURCES, TEAMS, Member


def seed_cast() -> dict[str, Team]:
    """Make what is missing of teams, accounts, agents and sources; return the teams by slug."""
    teams = {slug: create_team(slug=slug, name=name) for slug, name in TEAMS.items()}
    known = {user.username: user for user in User.objects.filter(username__in=[member.username for member in CAST])}
    # One hash for all: they share one public password, and each hashing costs a fifth of a second on purpose.
    password_hash = "" if len(known) == len(CAST) else make_password(settings.DEMO_PASSWORD)
    for member in CAST:
        _seed_member(member, known.get(member.username), teams[member.team], password_hash)
    for name, (label, description) in AGENTS.items():
        create_agent(name=name, team=teams["soc"], label=label, description=description)
    for name in SOURCES:
        create_source(name=name, team=teams["soc"])
    return teams


def _seed_member(member: Member, user: User | None, team: Team, password_hash: str) -> None:
    """A run that was cut short may have left an account without its role or team."""
    if user is None:
        user = create_person(
            username=member.username,
            password=settings.DEMO_PASSWORD,
            first_name=member.first_name,
            last_name=member.last_name,
            person_id=member.person_id,
            password_hash=password_hash,
        )
    grant_role(user=user, role=member.role)
    if team.id not in team_ids_of(user):
        add_to_team(user=user, team=team)


def beat() -> None:
    """Let every agent say that it lives."""
    for agent in agents().values():
        heartbeat(agent=agent, status="ready", version="demo-1")


def people() -> dict[str, User]:
    """Return the demo's accounts by name."""
    return {user.username: user for user in User.objects.filter(username__in=[member.username for member in CAST])}


def agents() -> dict[str, Agent]:
    """Return the demo's agents by name."""
    return {agent.name: agent for agent in Agent.objects.select_related("team").filter(name__in=AGENTS)}


def sources() -> dict[str, AlertSource]:
    """Return the demo's sources by name."""
    return {source.name: source for source in AlertSource.objects.select_related("team").filter(name__in=SOURCES)}
