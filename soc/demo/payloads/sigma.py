"""Match records: a rule that fired, with the Windows event beside it."""

import uuid
from typing import Any

from soc.demo.scene import Scene


def _match(
    scene: Scene, *, rule: str, title: str, description: str, level: str, tags: list[str], event: dict[str, Any]
) -> dict[str, Any]:
    return {
        "format": "windows_event",
        "id": uuid.uuid5(uuid.NAMESPACE_OID, f"{rule} {scene.number} {scene.at}").hex,
        "rule": {"id": rule, "title": title, "description": description, "level": level, "tags": tags},
        "event": {
            "Computer": scene.desk.name,
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "SystemTime": scene.stamp(),
            "UtcTime": scene.at.strftime("%Y-%m-%d %H:%M:%S.000"),
            "User": scene.account,
            **event,
        },
    }


def lsass_read(scene: Scene) -> dict[str, Any]:
    """Credentials are dumped."""
    return _match(
        scene,
        rule="halden-2f1c-lsass",
        title="Memory of lsass read by an unknown program",
        description="A program that is no security product opened lsass with rights to read its memory.",
        level="critical",
        tags=["attack.credential_access", "attack.t1003.001"],
        event={
            "EventID": 10,
            "SourceImage": f"C:\\Users\\{scene.desk.user}\\AppData\\Local\\Temp\\upd{scene.number % 90}.exe",
            "TargetImage": "C:\\Windows\\System32\\lsass.exe",
            "GrantedAccess": "0x1410",
            "Hashes": f"SHA256={scene.sha256.upper()}",
        },
    )


def software_deployment(scene: Scene) -> dict[str, Any]:
    """Noise: the deployment tool runs scripts all day."""
    return _match(
        scene,
        rule="halden-77ab-deploy",
        title="PowerShell script run by the software deployment",
        description="A script block was run by the deployment service.",
        level="medium",
        tags=["attack.execution", "attack.t1059.001"],
        event={
            "EventID": 1,
            "Image": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
            "ParentImage": "C:\\Program Files\\Halden Deploy\\agent.exe",
            "CommandLine": f"powershell.exe -File C:\\ProgramData\\HaldenDeploy\\job_{scene.number % 400}.ps1",
        },
    )


def shadow_copies(scene: Scene) -> dict[str, Any]:
    """What comes before ransom."""
    return _match(
        scene,
        rule="halden-90d3-shadow",
        title="Shadow copies deleted from the command line",
        description="The copies that a recovery needs were removed.",
        level="critical",
        tags=["attack.impact", "attack.t1490"],
        event={
            "EventID": 1,
            "Image": "C:\\Windows\\System32\\vssadmin.exe",
            "ParentImage": "C:\\Windows\\System32\\cmd.exe",
            "CommandLine": "vssadmin.exe delete shadows /all /quiet",
        },
    )
