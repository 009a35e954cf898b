"""Wazuh's alerts.json, with rule numbers from the range that is left to one's own rules."""

from typing import Any

from soc.demo.scene import Scene
from soc.demo.world import SCANNER, SERVICE_ACCOUNT


def _alert(
    scene: Scene,
    *,
    rule: int,
    level: int,
    description: str,
    groups: list[str],
    agent: tuple[str, str],
    data: dict[str, Any],
    full_log: str,
    location: str = "/var/log/auth.log",
    technique: str = "",
) -> dict[str, Any]:
    named: dict[str, Any] = {
        "level": level,
        "description": description,
        "id": str(rule),
        "firedtimes": 1 + scene.number % 7,
    }
    if technique:
        named["mitre"] = {"id": [technique]}
    return {
        "timestamp": scene.stamp(zone="+0000"),
        "rule": {**named, "mail": False, "groups": groups},
        "agent": {"id": f"{scene.number % 90 + 10:03d}", "name": agent[0], "ip": agent[1]},
        "manager": {"name": "SRV-WZH-01"},
        "id": f"{scene.at.timestamp():.0f}.{scene.number}",
        "decoder": {"name": "sshd" if "sshd" in full_log else "windows_eventchannel"},
        "data": data,
        "full_log": full_log,
        "location": location,
    }


def service_on_server(scene: Scene) -> dict[str, Any]:
    """Lateral movement: the attacker's program becomes a service elsewhere."""
    binary = "C:\\Windows\\kx7qd.exe"
    return _alert(
        scene,
        rule=100410,
        level=13,
        description="New service with a binary in the Windows root, installed over an admin share",
        groups=["windows", "lateral_movement"],
        technique="T1021.002",
        agent=(scene.server.name, scene.server.ip),
        location="EventChannel",
        data={
            "srcip": scene.desk.ip,
            "win": {
                "system": {"eventID": "7045", "computer": scene.server.name, "systemTime": scene.stamp()},
                "eventdata": {"serviceName": "kx7qd", "imagePath": binary, "subjectUserName": scene.desk.user},
            },
        },
        full_log=f"A service was installed on {scene.server.name} from {scene.desk.ip}: {binary}",
    )


def scanner_logins(scene: Scene) -> dict[str, Any]:
    """Noise: the scanner tries default passwords, as it is paid to do."""
    return _alert(
        scene,
        rule=100210,
        level=10,
        description="Multiple failed log-ins from one address",
        groups=["syslog", "sshd", "authentication_failures"],
        technique="T1110",
        agent=(scene.server.name, scene.server.ip),
        data={"srcip": SCANNER.ip, "srcuser": "audit-probe"},
        full_log=f"sshd[{scene.number % 9000 + 900}]: Failed password for invalid user audit-probe "
        f"from {SCANNER.ip} port 41{scene.number % 900:03d} ssh2",
    )


def backup_touches_files(scene: Scene) -> dict[str, Any]:
    """Noise: the nightly job."""
    return _alert(
        scene,
        rule=100520,
        level=7,
        description="Many files changed in a watched folder",
        groups=["ossec", "syscheck"],
        agent=("SRV-FILE-01", "10.20.0.31"),
        location="syscheck",
        data={"srcuser": SERVICE_ACCOUNT, "files": str(1800 + scene.number % 700)},
        full_log=f"Integrity check: {1800 + scene.number % 700} files under D:\\Shares changed by {SERVICE_ACCOUNT}",
    )


def usb_storage(scene: Scene) -> dict[str, Any]:
    """A policy matter."""
    return _alert(
        scene,
        rule=100610,
        level=6,
        description="USB storage was attached against the policy",
        groups=["windows", "policy_violation"],
        technique="T1091",
        agent=(scene.desk.name, scene.desk.ip),
        location="EventChannel",
        data={
            "win": {
                "system": {"eventID": "6416", "computer": scene.desk.name},
                "eventdata": {"subjectUserName": scene.desk.user},
            }
        },
        full_log=f"External storage was recognised on {scene.desk.name}",
    )


def outside_brute_force(scene: Scene) -> dict[str, Any]:
    """A true attack from outside, against the only door there is."""
    return _alert(
        scene,
        rule=100230,
        level=12,
        description="Brute force against the jump host, then a successful log-in",
        groups=["syslog", "sshd", "authentication_failures"],
        technique="T1110.003",
        agent=("SRV-JUMP-01", "10.20.0.45"),
        data={"srcip": scene.outside, "dstuser": scene.desk.user},
        full_log=f"sshd[{scene.number % 9000 + 900}]: Accepted password for {scene.desk.user} "
        f"from {scene.outside} port 50{scene.number % 900:03d} ssh2 after 214 failures",
    )
