"""The cast: who people are in tests, least as they need to be."""

import uuid

import pytest

from accounts.models import Agent, AlertSource, Role, Team, User
from accounts.services import add_to_team, create_agent, create_person, create_source, create_team, grant_role
from integrations.models import EstateHost, EstateUser

PASSWORD = "correct-horse-battery"


def person(name: str, *roles: Role, team: Team | None = None, person_id: uuid.UUID | None = None) -> User:
    """Return a person with these roles, in this team."""
    user = create_person(username=name, password=PASSWORD, person_id=person_id)
    for role in roles:
        grant_role(user=user, role=role)
    if team is not None:
        add_to_team(user=user, team=team)
    return user


@pytest.fixture
def team(db: None) -> Team:
    return create_team(slug="soc", name="SOC")


@pytest.fixture
def other_team(db: None) -> Team:
    return create_team(slug="lab", name="Lab")


@pytest.fixture
def analyst(team: Team) -> User:
    return person("analyst", Role.ANALYST, team=team)


@pytest.fixture
def analyst2(team: Team) -> User:
    return person("analyst2", Role.ANALYST, team=team)


@pytest.fixture
def senior(team: Team) -> User:
    return person("senior", Role.SENIOR_ANALYST, team=team)


@pytest.fixture
def senior2(team: Team) -> User:
    return person("senior2", Role.SENIOR_ANALYST, team=team)


@pytest.fixture
def lead(team: Team) -> User:
    return person("lead", Role.SOC_LEAD, team=team)


@pytest.fixture
def lead2(team: Team) -> User:
    return person("lead2", Role.SOC_LEAD, team=team)


@pytest.fixture
def manager(team: Team) -> User:
    return person("manager", Role.MANAGER, team=team)


@pytest.fixture
def auditor(team: Team) -> User:
    return person("auditor", Role.AUDITOR, team=team)


@pytest.fixture
def admin(team: Team) -> User:
    return person("admin", Role.ADMIN, team=team)


@pytest.fixture
def outsider(other_team: Team) -> User:
    return person("outsider", Role.ANALYST, Role.SOC_LEAD, team=other_team)


@pytest.fixture
def agent(team: Team) -> Agent:
    return create_agent(name="responder", team=team, label="Responder")


@pytest.fixture
def source(team: Team) -> AlertSource:
    return create_source(name="siem", team=team)


@pytest.fixture
def estate(team: Team, other_team: Team) -> None:
    """A few machines and accounts of each kind."""
    for number in range(1031, 1041):
        EstateHost.objects.create(team=team, name=f"WS-{number}", asset_class="workstation", owner="Sales")
    EstateHost.objects.create(
        team=team, name="SRV-DB-01", asset_class="server", criticality="critical", owner="Platform", service="Billing"
    )
    EstateHost.objects.create(team=team, name="SRV-WEB-01", asset_class="server", owner="Platform")
    EstateHost.objects.create(team=team, name="CTRL-01", asset_class="server", is_protected=True)
    EstateHost.objects.create(team=other_team, name="LAB-01", asset_class="workstation")
    EstateUser.objects.create(team=team, name="j.doe", department="Sales", sessions=3)
    EstateUser.objects.create(team=team, name="svc-backup", is_service_account=True, criticality="high")
