"""The readers of all known formats, in the order in which they are tried; the more particular shape first."""

from collections.abc import Callable
from typing import Any

from incidents.normalize import (
    ait,
    aws,
    case_tools,
    crowdstrike,
    defender,
    elastic,
    google,
    identity,
    microsoft_cloud,
    ocsf,
    sentinel,
    splunk,
    suricata,
    wazuh,
    windows,
)
from incidents.normalize.record import NormalAlert

LooksLike = Callable[[dict[str, Any]], bool]
Reader = Callable[[dict[str, Any]], NormalAlert]

#: The first five come in storms and are tried first.
READERS: dict[str, tuple[LooksLike, Reader]] = {
    wazuh.FORMAT: (wazuh.looks_like, wazuh.normalize),
    suricata.FORMAT: (suricata.looks_like, suricata.normalize),
    elastic.FORMAT: (elastic.looks_like, elastic.normalize),
    windows.FORMAT: (windows.looks_like, windows.normalize),
    ait.FORMAT: (ait.looks_like, ait.normalize),
    crowdstrike.ALERT: (crowdstrike.is_alert, crowdstrike.normalize_alert),
    crowdstrike.STREAM: (crowdstrike.is_stream, crowdstrike.normalize_stream),
    crowdstrike.SENSOR: (crowdstrike.is_sensor, crowdstrike.normalize_sensor),
    aws.GUARDDUTY: (aws.is_guardduty, aws.normalize_guardduty),
    aws.ASFF: (aws.is_asff, aws.normalize_asff),
    aws.CLOUDTRAIL: (aws.is_cloudtrail, aws.normalize_cloudtrail),
    ocsf.FORMAT: (ocsf.looks_like, ocsf.normalize),
    google.AUDIT: (google.is_audit, google.normalize_audit),
    google.FINDING: (google.is_finding, google.normalize_finding),
    google.WORKSPACE: (google.is_workspace, google.normalize_workspace),
    sentinel.INCIDENT: (sentinel.is_incident, sentinel.normalize_incident),
    sentinel.ALERT: (sentinel.is_alert, sentinel.normalize_alert),
    defender.STREAM: (defender.is_stream, defender.normalize_stream),
    defender.FORMAT: (defender.looks_like, defender.normalize),
    microsoft_cloud.AZURE: (microsoft_cloud.is_azure, microsoft_cloud.normalize_azure),
    microsoft_cloud.ENTRA: (microsoft_cloud.is_entra, microsoft_cloud.normalize_entra),
    microsoft_cloud.O365: (microsoft_cloud.is_o365, microsoft_cloud.normalize_o365),
    identity.OKTA: (identity.is_okta, identity.normalize_okta),
    identity.GITHUB: (identity.is_github, identity.normalize_github),
    case_tools.THEHIVE: (case_tools.is_thehive, case_tools.normalize_thehive),
    case_tools.MISP: (case_tools.is_misp, case_tools.normalize_misp),
    case_tools.STIX: (case_tools.is_stix, case_tools.normalize_stix),
    splunk.FORMAT: (splunk.looks_like, splunk.normalize),
}
#: Other names that senders use.
ALIASES = {
    "suricata": suricata.FORMAT,
    "ecs": elastic.FORMAT,
    "elastic_security": elastic.FORMAT,
    "sysmon": windows.FORMAT,
    "windows": windows.FORMAT,
    "splunk": splunk.FORMAT,
    "sentinel": sentinel.INCIDENT,
    "defender": defender.FORMAT,
    "graph": defender.FORMAT,
    "crowdstrike": crowdstrike.ALERT,
    "guardduty": aws.GUARDDUTY,
    "asff": aws.ASFF,
    "security_hub": aws.ASFF,
    "cloudtrail": aws.CLOUDTRAIL,
    "github": identity.GITHUB,
    "o365": microsoft_cloud.O365,
    "azure": microsoft_cloud.AZURE,
}


def known(payload: Any) -> str:
    """Return the name of the format that an object looks like, an empty text for none."""
    if not isinstance(payload, dict):
        return ""
    return next((name for name, (looks_like, _) in READERS.items() if looks_like(payload)), "")
