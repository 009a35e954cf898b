"""Entities by the names that sources give their fields: the table behind `generic` and the unknown parts of others.

A key is compared without case and punctuation: src_ip, srcIp and SrcIP are `srcip`; with its parent where the key
alone says little: `source.ip` is `sourceip`, `host.name` is `hostname`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.key_shapes import IDENTIFIERS, shape
from incidents.normalize.paths import leaves

_PUNCTUATION = re.compile(r"[^a-z0-9]+")


def _rows(kind: str, role: str, words: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(words.split(), (kind, role))


#: key → (entity type or "address", role). "address" may be an IP, a domain or a host.
KEYS: dict[str, tuple[str, str]] = {
    **_rows(
        "address",
        "source",
        "srcip src sourceip sourceaddress sourceipaddress srcaddr saddr sip clientip clientaddress ipaddress callerip "
        "calleripaddress remoteip remoteaddress remoteaddr attackerip actorip sourcehostip userip sourcenetworkip "
        "sourceipv4 sourceipv6 srcipaddr requestorip loginip senderip clienthost sourceipaddr remoteipaddress",
    ),
    **_rows(
        "address",
        "destination",
        "dstip dst destip destinationip destinationaddress destinationipaddress dstaddr daddr dip destaddress "
        "serverip targetip victimip destip destinationipv4 destinationipv6 dstipaddr destipaddr localip destination",
    ),
    **_rows("address", "related", "ip ipaddr address ips ipv4 ipv6 externalip publicip privateip hostip agentip"),
    **_rows(
        "host",
        "target",
        "host hostname computer computername devicename device machine machinename workstation workstationname "
        "agentname agenthostname endpointname endpointhostname devicehostname devicednsname dvc dvchost hostfqdn "
        "devname fw logsourcename "
        "fqdn systemname servername node nodename desthost dhost dsthost destinationhostname targethost beathostname",
    ),
    **_rows("host", "source", "shost srchost sourcehost sourcehostname clienthostname sourceworkstation"),
    **_rows(
        "user",
        "actor",
        "user username account accountname srcuser sourceuser suser actorname subjectusername useridentityusername "
        "userprincipalname login loginname principal initiatinguser actoralternateid initiatingprocessaccountname "
        "actoremail actorusername callerusername usr sourceusername adminname admin loginid",
    ),
    **_rows("user", "target", "dstuser destuser duser targetuser targetusername targetaccount destinationuser"),
    **_rows("email", "related", "email mail emailaddress useremail principalemail ownersemail"),
    **_rows("email", "source", "sender from mailfrom senderaddress emailfrom senderfromaddress fromaddress"),
    **_rows(
        "email", "target", "recipient recipients to rcptto mailto recipientaddress toaddress recipientemailaddress"
    ),
    **_rows(
        "domain",
        "related",
        "domain domainname dnsquery queryname query rrname dnsquestionname destinationdomain dstdomain urldomain "
        "servername sni tlssni requestdomain httphostname",
    ),
    **_rows("url", "related", "url uri requesturl urloriginal urlfull fullurl link httpurl requesturi clickurl"),
    **_rows(
        "hash",
        "related",
        "md5 sha1 sha256 sha512 hash hashes filehash filemd5 filesha1 filesha256 md5hash sha1hash sha256hash "
        "sha256string md5string sha256hashdata md5hashdata processmd5 processsha1 processsha256 filehashsha256 "
        "initiatingprocesssha256 initiatingprocessmd5 appsha256",
    ),
    **_rows(
        "process",
        "related",
        "process processname processpath image imagepath imagefilename newprocessname processexecutable exe executable "
        "initiatingprocessfilename programname sproc dproc sourceprocess program parentimage parentprocessname "
        "sourceprocessname",
    ),
    **_rows(
        "file", "related", "file filename filepath targetfilename fullpath objectpath syscheckpath path filefullpath"
    ),
    **_rows(
        "cloud_resource",
        "target",
        "resourceid resourcearn arn instanceid bucketname bucket functionname resourcename clusterarn roleid",
    ),
    **_rows("cloud_resource", "actor", "userarn useridentityarn rolearn"),
}


@lru_cache(maxsize=8192)
def _plain(key: str) -> str:
    return _PUNCTUATION.sub("", key.lower())


def plain(key: str) -> str:
    """Return a key without case and punctuation. Remembered: one source's payloads share their keys."""
    return _plain(key[:80])


def collect(payload: Any, entities: Entities, *, scan: bool = True, shapes: bool = False) -> None:
    """Take every leaf of a payload; see `collect_leaves`."""
    collect_leaves(leaves(payload), entities, scan=scan, shapes=shapes)


def collect_leaves(
    found: Iterable[tuple[str, str, Any]], entities: Entities, *, scan: bool = True, shapes: bool = False
) -> None:
    """Take every leaf whose key is known, with `shapes` also those whose key is built like a known one.

    With `scan`, the typed tokens of all other texts are taken too, their role unknown.
    """
    rest: list[str] = []
    accounts: list[Any] = []
    for parent, key, value in found:
        name, above = plain(key), plain(parent)
        meaning = KEYS.get(above + name) or KEYS.get(name.removeprefix("p")) or KEYS.get(name)
        taken = meaning is not None and take(entities, meaning, value)
        if shapes and not taken:
            guess = shape(above, name)
            taken = guess is not None and guess != meaning and take(entities, guess, value)
            if name in IDENTIFIERS or above + name in IDENTIFIERS:
                accounts.append(value)
        if not taken and isinstance(value, str):
            rest.append(value)
    if not any(kind in {"user", "email"} for kind, _ in entities.found):
        # An account's number stands for it only where nothing names it better.
        for value in accounts[:4]:
            entities.add_user(value, "actor")
    if scan:
        for text in rest:
            entities.scan(text)


def take(entities: Entities, meaning: tuple[str, str], value: Any) -> bool:
    """Take a value by what its field means; return whether it was new."""
    kind, role = meaning
    before = len(entities.found)
    if kind == "address":
        entities.add_address(value, role)
    elif kind == "host":
        entities.add_host(value, role)
    elif kind == "user":
        entities.add_user(value, role)
    elif kind == "hash":
        entities.add_hashes(value, role)
    elif kind == "command":
        entities.add_command(value, role)
    else:
        entities.add(kind, value, role)
    return len(entities.found) > before
