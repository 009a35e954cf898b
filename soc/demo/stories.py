"""What happens on a day at the demo's company: everyday noise, and now and then an intrusion in six steps."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from soc.demo.payloads import elastic, mail, sigma, suricata, wazuh
from soc.demo.scene import FALSE, OPEN, TRUE, Item, Scene
from soc.demo.world import ELASTIC, MAIL, OURS, SERVERS, SIGMA, SURICATA, WAZUH, Server, Workstation

Template = Callable[[Scene], dict[str, Any]]
#: Servers that alerts speak of. The protected one and the one left to the reader stay out.
_SCENERY = tuple(
    server for server in SERVERS if server.name in {"SRV-WEB-01", "SRV-FILE-01", "SRV-MAIL-01", "SRV-BKP-01"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of alert: its source, template, truth and how often it comes beside the others."""

    source: str
    template: Template
    truth: str
    weight: int = 1


NOISE = (
    Line(ELASTIC, elastic.antivirus_update_failed, FALSE, 14),
    Line(WAZUH, wazuh.scanner_logins, FALSE, 16),
    Line(SURICATA, suricata.port_sweep, FALSE, 13),
    Line(SIGMA, sigma.software_deployment, FALSE, 14),
    Line(WAZUH, wazuh.backup_touches_files, FALSE, 7),
    Line(SURICATA, suricata.old_tls, FALSE, 9),
    Line(MAIL, mail.newsletter, FALSE, 10),
    Line(MAIL, mail.vpn_idle, FALSE, 9),
    Line(ELASTIC, elastic.locked_out, FALSE, 6),
    Line(ELASTIC, elastic.unusual_hour, OPEN, 5),
    Line(WAZUH, wazuh.usb_storage, OPEN, 4),
    Line(SURICATA, suricata.web_probe, OPEN, 4),
)
SINGLES = (
    Line(ELASTIC, elastic.quarantined, TRUE, 3),
    Line(MAIL, mail.credential_page, TRUE, 3),
    Line(WAZUH, wazuh.outside_brute_force, TRUE, 2),
)
#: The intrusion: each step with the minutes after the one before.
INTRUSION = (
    (Line(MAIL, mail.macro_attachment, TRUE), 0),
    (Line(ELASTIC, elastic.office_starts_shell, TRUE), 11),
    (Line(SURICATA, suricata.beacon, TRUE), 3),
    (Line(SIGMA, sigma.lsass_read, TRUE), 19),
    (Line(WAZUH, wazuh.service_on_server, TRUE), 26),
    (Line(ELASTIC, elastic.upload, TRUE), 48),
)
_WEIGHTS = [line.weight for line in NOISE]


def tell(line: Line, scene: Scene) -> Item:
    """Return the alert that this line makes of the scene."""
    return Item(line.source, line.template.__name__, line.truth, scene.at, line.template(scene))


def scene_of(chance: random.Random, at: dt.datetime, desk: Workstation | None = None) -> Scene:
    """Return a scene with somebody's workstation, one of the servers and numbers of its own."""
    return Scene(at, desk or chance.choice(OURS), _server(chance), chance.randrange(1, 100_000))


def _server(chance: random.Random) -> Server:
    return chance.choice(_SCENERY)


def noise(chance: random.Random, at: dt.datetime) -> Item:
    """Return one alert of everyday life."""
    line = chance.choices(NOISE, _WEIGHTS)[0]
    return tell(line, scene_of(chance, at))


def single(chance: random.Random, at: dt.datetime) -> Item:
    """Return one true find that stands alone."""
    return tell(chance.choices(SINGLES, [line.weight for line in SINGLES])[0], scene_of(chance, at))


def intrusion(chance: random.Random, at: dt.datetime, desk: Workstation) -> Iterator[Item]:
    """Yield the six steps of one intrusion: one workstation, one person, one outside address."""
    scene = scene_of(chance, at, desk)
    for line, minutes in INTRUSION:
        at = at + dt.timedelta(minutes=minutes)
        yield tell(line, Scene(at, scene.desk, scene.server, scene.number))


def replay(chance: random.Random) -> Iterator[Line]:
    """Yield kinds of alert for ever: a step of an intrusion, then about ten of noise, and so on."""
    while True:
        for line, _ in INTRUSION:
            yield line
            for _ in range(chance.randrange(8, 13)):
                yield chance.choices(NOISE, _WEIGHTS)[0]
        yield chance.choice(SINGLES)
