"""Who and what exists in the demonstration: contract.md's cast and estate, and the company around them.

All of it is invented. Outside addresses are from 2001:db8::/32 and names end in `.example`, because every other address
belongs to somebody. What RESERVED names is left to whoever tries the product out: no seed and no replay touches it.
"""

import uuid
from dataclasses import dataclass

from accounts.models import Role

COMPANY_DOMAIN = "halden.example"
_SPACE = uuid.UUID("5d0d7e2e-6a57-4a9e-9b1b-0c2f5a1de300")


@dataclass(frozen=True, slots=True)
class Member:
    """One demo account."""

    username: str
    first_name: str
    last_name: str
    role: Role
    team: str = "soc"

    @property
    def person_id(self) -> uuid.UUID:
        """The same in every demonstration."""
        return uuid.uuid5(_SPACE, self.username)


CAST = (
    Member("analyst", "Mia", "Brandt", Role.ANALYST),
    Member("analyst2", "Tomas", "Reis", Role.ANALYST),
    Member("senior", "Ines", "Halvorsen", Role.SENIOR_ANALYST),
    Member("senior2", "Kofi", "Mensah", Role.SENIOR_ANALYST),
    Member("lead", "Ana", "Petrova", Role.SOC_LEAD),
    Member("lead2", "Raj", "Iyer", Role.SOC_LEAD),
    Member("manager", "Helen", "Ward", Role.MANAGER),
    Member("oncall", "Jonas", "Lind", Role.SENIOR_ANALYST),
    Member("auditor", "Priya", "Nair", Role.AUDITOR),
    Member("admin", "Sam", "Okoye", Role.ADMIN),
    Member("outsider", "Lea", "Moreau", Role.ANALYST, team="lab"),
)
TEAMS = {"soc": "Security operations", "lab": "Research lab"}
#: name -> (label, what it does). Their names start with "demo-", so that a token of yours never shares their history.
AGENTS = {
    "demo-triage": ("Triage agent", "Reads every alert first and says what it is."),
    "demo-responder": ("Response agent", "Proposes containment for what was triaged as an attack."),
    "demo-hunter": ("Hunting agent", "Looks for the same traces elsewhere and asks for evidence."),
    "demo-phishing": ("Phishing agent", "Follows reported mail: senders, links, who clicked."),
}
ELASTIC, WAZUH, SURICATA, SIGMA, MAIL = "elastic-siem", "wazuh-fleet", "suricata-edge", "sigma-rules", "mail-gateway"
SOURCES = (ELASTIC, WAZUH, SURICATA, SIGMA, MAIL)


@dataclass(frozen=True, slots=True)
class Server:
    """A simulated server."""

    name: str
    ip: str
    criticality: str
    owner: str
    service: str
    is_protected: bool = False
    team: str = "soc"


SCANNER = Server("SRV-SCAN-01", "10.20.0.40", "normal", "Vulnerability management", "Vulnerability scanner")
SERVERS = (
    Server("SRV-DB-01", "10.20.0.10", "critical", "Platform", "Customer database"),
    Server("SRV-WEB-01", "10.20.0.20", "high", "Platform", "Public web shop"),
    Server("SRV-DC-01", "10.20.0.5", "critical", "Identity", "Domain controller"),
    Server("SRV-FILE-01", "10.20.0.31", "high", "Workplace", "Shared files"),
    Server("SRV-MAIL-01", "10.20.0.25", "high", "Workplace", "Mail"),
    Server("SRV-BKP-01", "10.20.0.35", "high", "Platform", "Backups"),
    Server("SRV-JUMP-01", "10.20.0.45", "normal", "Platform", "Jump host of the administrators"),
    SCANNER,
    Server("SRV-CSIGN-01", "10.20.0.50", "critical", "Security operations", "Countersign itself", is_protected=True),
)
LAB_HOST = "LAB-01"

_FIRST = ("Nora", "Emil", "Karim", "Lotte", "Pavel", "Sofia", "Yusuf", "Greta", "Milan", "Aino")
_LAST = ("Berg", "Castell", "Dvorak", "Eriksen", "Fontaine", "Grau")
DEPARTMENTS = ("Sales", "Finance", "Engineering", "Logistics", "Human resources", "Legal")


@dataclass(frozen=True, slots=True)
class Workstation:
    """A simulated workstation and the person who sits at it."""

    number: int
    full_name: str
    user: str
    department: str

    @property
    def name(self) -> str:
        """WS-1001 to WS-1060."""
        return f"WS-{1000 + self.number}"

    @property
    def ip(self) -> str:
        """Its address inside the company."""
        return f"10.20.1.{self.number}"


def _workstation(number: int) -> Workstation:
    named = {2: ("Alma Meyer", "a.meyer"), 31: ("John Doe", "j.doe")}
    first, last = _FIRST[number % 10], _LAST[(number - 1) // 10]
    full_name, user = named.get(number, (f"{first} {last}", f"{first[0].lower()}{first[1]}.{last.lower()}"))
    return Workstation(number, full_name, user, DEPARTMENTS[number % 6])


WORKSTATIONS = tuple(_workstation(number) for number in range(1, 61))
#: Those that stories are told about.
OURS = tuple(item for item in WORKSTATIONS if item.number <= 30)
SERVICE_ACCOUNT = "svc-backup"
RESERVED_HOSTS = frozenset({item.name for item in WORKSTATIONS if item.number > 30} | {"SRV-DB-01"})
RESERVED_USERS = frozenset({"j.doe"})
RESERVED_NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")


def at_desk(name: str) -> Workstation:
    """Return the workstation of that name."""
    return next(item for item in WORKSTATIONS if item.name == name)


def outside_address(number: int) -> str:
    """Return an outside address; the same number gives the same one."""
    return f"2001:db8:{number % 4096:x}::{number % 251 + 2:x}"
