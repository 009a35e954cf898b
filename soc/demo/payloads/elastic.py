"""Elastic Security alerts: Kibana's own members flat, the ECS document nested."""

import uuid
from typing import Any

from soc.demo.scene import Scene


def _alert(
    scene: Scene, *, rule: str, name: str, severity: str, risk: int, reason: str, technique: str = "", **event: Any
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "@timestamp": scene.stamp(),
        "ecs": {"version": "8.11.0"},
        "kibana.alert.uuid": uuid.uuid5(uuid.NAMESPACE_OID, f"{rule} {scene.number} {scene.at}").hex,
        "kibana.alert.rule.name": name,
        "kibana.alert.rule.rule_id": rule,
        "kibana.alert.severity": severity,
        "kibana.alert.risk_score": risk,
        "kibana.alert.reason": reason,
        "kibana.alert.original_time": scene.stamp(),
        "kibana.alert.workflow_status": "open",
        "host": {"name": scene.desk.name, "ip": [scene.desk.ip], "os": {"type": "windows"}},
        "user": {"name": scene.desk.user, "domain": "HALDEN"},
        **event,
    }
    if technique:
        body["kibana.alert.rule.threat"] = [{"framework": "MITRE ATT&CK", "technique": [{"id": technique}]}]
    return body


def office_starts_shell(scene: Scene) -> dict[str, Any]:
    """The macro runs."""
    return _alert(
        scene,
        rule="halden-office-child",
        name="Office program started a shell with an encoded command",
        severity="high",
        risk=82,
        technique="T1059.001",
        reason=f"WINWORD.EXE on {scene.desk.name} started powershell.exe as {scene.account}",
        process={
            "name": "powershell.exe",
            "executable": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
            "command_line": "powershell.exe -nop -w hidden -enc "
            "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA",
            "parent": {"name": "WINWORD.EXE", "command_line": "WINWORD.EXE /n Invoice_Overdue.docm"},
        },
        file={
            "path": f"C:\\Users\\{scene.desk.user}\\Downloads\\Invoice_Overdue.docm",
            "hash": {"sha256": scene.sha256},
        },
    )


def upload(scene: Scene) -> dict[str, Any]:
    """The data leave."""
    return _alert(
        scene,
        rule="halden-large-upload",
        name="Unusually large upload to a host never seen before",
        severity="critical",
        risk=93,
        technique="T1048.002",
        reason=f"4.7 GB left {scene.desk.name} for {scene.outside} within 22 minutes",
        source={"ip": scene.desk.ip, "bytes": 5_046_586_573},
        destination={"ip": scene.outside, "port": 443, "domain": f"sync{scene.number % 9}.filevault.example"},
        process={"name": "rclone.exe", "executable": "C:\\Users\\Public\\rclone.exe"},
    )


def antivirus_update_failed(scene: Scene) -> dict[str, Any]:
    """Noise: a workstation was asleep."""
    return _alert(
        scene,
        rule="halden-av-update",
        name="Antivirus signatures could not be updated",
        severity="low",
        risk=21,
        reason=f"{scene.desk.name} has signatures older than 24 hours",
        event={"module": "endpoint", "action": "signature_update_failed", "code": "0x80072ee2"},
    )


def unusual_hour(scene: Scene) -> dict[str, Any]:
    """Noise, mostly: somebody works late."""
    return _alert(
        scene,
        rule="halden-login-hour",
        name="Log-in at an unusual hour",
        severity="medium",
        risk=47,
        technique="T1078",
        reason=f"{scene.account} logged in on {scene.desk.name} outside of the hours of the last 30 days",
        event={"action": "logged-in", "category": ["authentication"], "outcome": "success"},
        source={"ip": scene.desk.ip},
    )


def locked_out(scene: Scene) -> dict[str, Any]:
    """Noise: an old password on a telephone."""
    return _alert(
        scene,
        rule="halden-lockout",
        name="Account locked after five wrong passwords",
        severity="medium",
        risk=43,
        technique="T1110.001",
        reason=f"{scene.account} was locked by mail synchronisation from its own telephone",
        event={"action": "user-locked-out", "category": ["authentication"], "outcome": "failure"},
        source={"ip": "10.20.9.14"},
    )


def quarantined(scene: Scene) -> dict[str, Any]:
    """A true find that the endpoint dealt with itself."""
    return _alert(
        scene,
        rule="halden-malware-prevented",
        name="Malware file was stopped before it ran",
        severity="high",
        risk=73,
        technique="T1204.002",
        reason=f"A downloaded file on {scene.desk.name} matched a malware signature",
        file={
            "path": f"C:\\Users\\{scene.desk.user}\\Downloads\\setup_viewer_{scene.number % 900}.exe",
            "hash": {"sha256": scene.sha256},
        },
        event={"action": "file_quarantined", "outcome": "success"},
    )
