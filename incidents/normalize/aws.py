"""AWS: GuardDuty findings, Security Hub's finding format (ASFF), and CloudTrail's records."""

from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.mapped import Mapping, one, read
from incidents.normalize.paths import mapping, objects
from incidents.normalize.record import NormalAlert
from incidents.normalize.severities import from_word, number_of
from incidents.normalize.texts import as_text

GUARDDUTY = "aws_guardduty"
ASFF = "aws_security_hub"
CLOUDTRAIL = "aws_cloudtrail"
_ACTIONS = ("awsApiCallAction", "networkConnectionAction", "portProbeAction.portProbeDetails", "rdsLoginAttemptAction",
            "kubernetesApiCallAction")  # fmt: skip
_GUARDDUTY = Mapping(
    format=GUARDDUTY,
    titles=("title", "type"),
    description=("description",),
    external_id=("id", "arn"),
    detection_id=("type",),
    detection_name=("type",),
    occurred=("service.eventFirstSeen", "service.eventLastSeen"),
    detected=("createdAt", "updatedAt"),
    entities=(
        *(("ip", "source", (f"service.action.{name}.remoteIpDetails.ipAddressV4",)) for name in _ACTIONS),
        ("domain", "destination", ("service.action.dnsRequestAction.domain",)),
        ("ip", "target", ("service.action.networkConnectionAction.localIpDetails.ipAddressV4",)),
        ("ip", "target", ("resource.instanceDetails.networkInterfaces.privateIpAddress",)),
        ("ip", "target", ("resource.instanceDetails.networkInterfaces.publicIp",)),
        ("cloud_resource", "target", ("resource.instanceDetails.instanceId", "resource.s3BucketDetails.arn")),
        ("cloud_resource", "target", ("resource.eksClusterDetails.arn", "resource.ecsClusterDetails.arn")),
        (
            "cloud_resource",
            "target",
            ("resource.rdsDbInstanceDetails.dbInstanceArn", "resource.lambdaDetails.functionArn"),
        ),
        (
            "user",
            "actor",
            ("resource.accessKeyDetails.userName", "resource.kubernetesDetails.kubernetesUserDetails.username"),
        ),
        ("process", "actor", ("service.runtimeDetails.process.executablePath",)),
        (
            "hash",
            "related",
            ("service.runtimeDetails.process.executableSha256", "service.additionalInfo.threatFileSha256"),
        ),
    ),
    ignored=frozenset({"detectorid", "arn", "partition", "callertype", "servicename", "image", "iaminstanceprofile"}),
)
_ASFF = Mapping(
    format=ASFF,
    titles=("Title", "Types"),
    description=("Description",),
    external_id=("Id",),
    detection_id=("GeneratorId", "ProductFields.ControlId"),
    detection_name=("Title",),
    occurred=("FirstObservedAt", "LastObservedAt"),
    detected=("CreatedAt", "UpdatedAt"),
    techniques=("Types", "ProductFields.aws/securityhub/annotations"),
    entities=(
        ("cloud_resource", "target", ("Resources.Id",)),
        ("ip", "source", ("Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4", "Network.SourceIpV4")),
        ("ip", "source", ("Action.NetworkConnectionAction.RemoteIpDetails.IpAddressV4",)),
        ("ip", "source", ("Action.PortProbeAction.PortProbeDetails.RemoteIpDetails.IpAddressV4",)),
        ("ip", "destination", ("Network.DestinationIpV4",)),
        ("domain", "destination", ("Action.DnsRequestAction.Domain", "Network.DestinationDomain")),
        (
            "user",
            "actor",
            ("Resources.Details.AwsIamAccessKey.PrincipalName", "Resources.Details.AwsIamAccessKey.UserName"),
        ),
        ("ip", "target", ("Resources.Details.AwsEc2Instance.IpV4Addresses",)),
        ("process", "actor", ("Process.Path", "Process.Name")),
        ("hash", "related", ("Malware.Path", "Threats.FilePaths.Hash")),
    ),
    ignored=frozenset({"productarn", "id", "remediation", "generatorid", "sourceurl", "url", "awsaccountname"}),
)
_CLOUDTRAIL = Mapping(
    format=CLOUDTRAIL,
    titles=("eventName", "insightDetails.eventName", "eventType"),
    description=("errorMessage", "errorCode", "eventSource"),
    external_id=("eventID",),
    detection_id=("eventName", "insightDetails.eventName"),
    detected=("eventTime",),
    entities=(
        ("address", "source", ("sourceIPAddress",)),
        ("user", "actor", ("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName")),
        ("cloud_resource", "actor", ("userIdentity.arn",)),
        ("cloud_resource", "target", ("resources.ARN", "requestParameters.instanceId", "requestParameters.bucketName")),
        ("cloud_resource", "target", ("requestParameters.functionName", "requestParameters.roleArn")),
        ("cloud_resource", "target", ("requestParameters.instancesSet.items.instanceId",)),
        ("user", "target", ("requestParameters.userName",)),
        ("domain", "destination", ("tlsDetails.clientProvidedHostHeader",)),
    ),
    ignored=frozenset({"eventsource", "useragent", "invokedby", "tlsdetails"}),
)


def is_guardduty(payload: dict[str, Any]) -> bool:
    """A finding with the service's detector, in the API's capitals or the events' small letters."""
    service = mapping(payload.get("service") or payload.get("Service"))
    named = one(service, ("serviceName", "detectorId"))
    return bool(named) and ("type" in payload or "Type" in payload) and ("resource" in payload or "Resource" in payload)


def is_asff(payload: dict[str, Any]) -> bool:
    """Security Hub's members, all written with a capital."""
    return "ProductArn" in payload and ("Resources" in payload or "Types" in payload or "GeneratorId" in payload)


def is_cloudtrail(payload: dict[str, Any]) -> bool:
    """The API's name beside its service, version or caller."""
    if "eventSource" not in payload or not ("eventName" in payload or "insightDetails" in payload):
        return "insightDetails" in payload and "eventVersion" in payload
    return any(
        name in payload for name in ("userIdentity", "eventVersion", "awsRegion", "eventID", "recipientAccountId")
    )


def normalize_guardduty(payload: dict[str, Any]) -> NormalAlert:
    """Return a finding; its severity is 0 to 10 already."""
    number = number_of(one(payload, ("severity",)))
    return read(_GUARDDUTY, payload, score=number)


def normalize_asff(payload: dict[str, Any]) -> NormalAlert:
    """Return a finding; its label is the severity, 0 to 100 where it has none."""
    label = from_word(one(payload, ("Severity.Label", "FindingProviderFields.Severity.Label")))
    number = number_of(one(payload, ("Severity.Normalized",)))
    product = number_of(one(payload, ("Severity.Product",)))
    by_number = number / 10 if number is not None else product
    return read(_ASFF, payload, score=label if label is not None else by_number, take_more=_take_instances)


def normalize_cloudtrail(payload: dict[str, Any]) -> NormalAlert:
    """Return a call; it has no severity of its own. Root and roles are named by their principal."""

    def take(event: dict[str, Any], entities: Entities) -> None:
        identity = mapping(event.get("userIdentity"))
        if not as_text(identity.get("userName")):
            principal = as_text(identity.get("principalId"))
            entities.add_user(principal.rpartition(":")[2] or principal, "actor")
            entities.add_user(identity.get("accountId") if not principal else None, "actor")

    service = as_text(payload.get("eventSource"))
    return read(_CLOUDTRAIL, payload, take_more=take, notes=[f"A call of {service}, no detection."] if service else [])


def _take_instances(payload: dict[str, Any], entities: Entities) -> None:
    for resource in objects(payload, "Resources"):
        name = as_text(resource.get("Id"))
        if as_text(resource.get("Type")) == "AwsEc2Instance" and "/" in name:
            entities.add("cloud_resource", name.rpartition("/")[2], "target")
