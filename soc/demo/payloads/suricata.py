"""Suricata's EVE records, with signature numbers from the local range."""

from typing import Any

from soc.demo.scene import Scene
from soc.demo.world import SCANNER


def _alert(
    scene: Scene,
    *,
    sid: int,
    signature: str,
    category: str,
    severity: int,
    source: str,
    target: str,
    port: int,
    **more: Any,
) -> dict[str, Any]:
    technique = more.pop("technique", "")
    alert: dict[str, Any] = {
        "action": "allowed", "gid": 1, "signature_id": sid, "rev": 3, "signature": signature, "category": category,
        "severity": severity,
    }  # fmt: skip
    if technique:
        alert["metadata"] = {"mitre_technique_id": [technique]}
    return {
        "timestamp": scene.stamp(zone="+0000"),
        "flow_id": scene.flow,
        "in_iface": "edge0",
        "event_type": "alert",
        "src_ip": source,
        "src_port": 40_000 + scene.number % 20_000,
        "dest_ip": target,
        "dest_port": port,
        "proto": "TCP",
        "alert": alert,
        **more,
    }


def beacon(scene: Scene) -> dict[str, Any]:
    """Command and control."""
    name = f"cdn{scene.number % 7}.quietpanel.example"
    return _alert(
        scene,
        sid=1_000_120,
        signature="LOCAL MALWARE beacon at a fixed interval over TLS",
        category="Malware command and control",
        severity=1,
        source=scene.desk.ip,
        target=scene.outside,
        port=443,
        technique="T1071.001",
        app_proto="tls",
        tls={"sni": name, "version": "TLS 1.2"},
    )


def port_sweep(scene: Scene) -> dict[str, Any]:
    """Noise: the scanner again, seen from the network."""
    return _alert(
        scene,
        sid=1_000_310,
        signature="LOCAL SCAN many ports of one host within a minute",
        category="Attempted information leak",
        severity=2,
        source=SCANNER.ip,
        target=scene.server.ip,
        port=8000 + scene.number % 90,
        technique="T1046",
    )


def old_tls(scene: Scene) -> dict[str, Any]:
    """Noise: a printer from another decade."""
    return _alert(
        scene,
        sid=1_000_710,
        signature="LOCAL POLICY outdated TLS version",
        category="Potential policy violation",
        severity=3,
        source=scene.desk.ip,
        target="10.20.7.12",
        port=443,
        app_proto="tls",
        tls={"version": "TLS 1.0"},
    )


def web_probe(scene: Scene) -> dict[str, Any]:
    """A probe from outside that the shop answered with 404."""
    return _alert(
        scene,
        sid=1_000_440,
        signature="LOCAL WEB directory traversal in a request",
        category="Web application attack",
        severity=2,
        source=scene.outside,
        target="10.20.0.20",
        port=443,
        technique="T1190",
        app_proto="http",
        http={
            "hostname": "shop.halden.example",
            "url": "/static/../../../../etc/passwd",
            "http_method": "GET",
            "status": 404,
            "http_user_agent": "curl/8.5.0",
        },
    )
