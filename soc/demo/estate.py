"""The demo's simulated machines and accounts: made where they are missing, never reset."""

from accounts.models import Team
from integrations.models import EstateHost, EstateUser
from soc.demo.world import LAB_HOST, SERVERS, SERVICE_ACCOUNT, WORKSTATIONS


def seed_estate(teams: dict[str, Team]) -> None:
    """Add the missing hosts and users; what is there keeps its state."""
    EstateHost.objects.bulk_create(_hosts(teams), ignore_conflicts=True)
    EstateUser.objects.bulk_create(_users(teams), ignore_conflicts=True)


def _hosts(teams: dict[str, Team]) -> list[EstateHost]:
    workstations = [
        EstateHost(
            team=teams["soc"],
            name=item.name,
            asset_class="workstation",
            owner=f"{item.full_name}, {item.department}",
        )
        for item in WORKSTATIONS
    ]
    servers = [
        EstateHost(
            team=teams[item.team],
            name=item.name,
            asset_class="server",
            criticality=item.criticality,
            owner=item.owner,
            service=item.service,
            is_protected=item.is_protected,
        )
        for item in SERVERS
    ]
    lab = EstateHost(team=teams["lab"], name=LAB_HOST, asset_class="workstation", owner="Research lab")
    return [*workstations, *servers, lab]


def _users(teams: dict[str, Team]) -> list[EstateUser]:
    # The sessions differ a little, so that "3 sessions were ended" says something.
    people = [
        EstateUser(team=teams["soc"], name=item.user, department=item.department, sessions=1 + item.number % 4)
        for item in WORKSTATIONS
    ]
    service = EstateUser(
        team=teams["soc"], name=SERVICE_ACCOUNT, is_service_account=True, department="Platform", sessions=2
    )
    return [*people, service]
