"""What a field holds, guessed from how its name is built: `srcNatIpAddress`, `initiating_process_sha1`, `actor.login`.

The table in `known_keys` answers first. A shape only proposes: the value must still be a thing of that type.
"""

from functools import lru_cache

from incidents.normalize.texts import word_list

Meaning = tuple[str, str]

#: endings → entity type. `ip` is strict (nothing but an address), `address` may be a name.
_ENDINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (word_list("sha256 sha1 md5 sha512 filehash hashes hash sha256string md5string sha256hashdata"), "hash"),
    (word_list("email mailaddress emailaddress emailaddr mail"), "email"),
    (word_list("macaddress macaddr mac"), ""),
    (word_list("ipaddress ipaddr ipv4 ipv6 ip ips ipaddresses address ipaddressv4 ipaddressv6 addr"), "ip"),
    (
        word_list(
            "hostname computername devicename machinename workstationname workstation endpointname servername "
            "nodename dnsname hostfqdn devicefqdn computer dvchost assetname hostdnsname systemname vmname"
        ),
        "host",
    ),
    (
        word_list(
            "username useremail userprincipalname accountname loginname logonname upn userlogin samaccountname "
            "alternateid loggedinuser lastloggedinuser loginuser adminname userfullname"
        ),
        "user",
    ),
    (word_list("domain domainname fqdn dnsquery queryname sni"), "domain"),
    (word_list("url uri href"), "url"),
    (
        word_list(
            "processname processpath imagepath imagefilename exepath executable processimage processfile imagename "
            "processfilename processexecutable executablepath"
        ),
        "process",
    ),
    (word_list("commandline cmdline cmd processcommandline"), "command"),
    (word_list("filename filepath fullpath filefullpath objectpath"), "file"),
    (word_list("arn resourceid instanceid"), "cloud_resource"),
)
_SOURCE = ("src", "source", "client", "remote", "caller", "attacker", "peer", "origin", "actor", "login", "sender")
_TARGET = ("dst", "dest", "target", "server", "victim", "local", "responder")
_PEOPLE = word_list(
    "user users actor account owner identity principal person admin member employee loginuser createdby targetuser "
    "initiatedby sender requestor requester invoker submitter"
)
_MACHINES = word_list("host device computer machine endpoint asset server workstation node vm sensor agent")
_NAMES = frozenset({"name", "displayname", "login", "loginname", "logonname", "username", "principalname", "account"})


@lru_cache(maxsize=16384)
def shape(parent: str, name: str) -> Meaning | None:
    """Return (type, role) of a field by its plain key and its parent's, or None.

    >>> shape("actor", "login")
    ('user', 'actor')
    """
    by_parent = _under(parent, name)
    if by_parent:
        return by_parent
    for endings, kind in _ENDINGS:
        if name.endswith(endings):
            return (kind, _role(kind, parent, name)) if kind else None
    return None


def _under(parent: str, name: str) -> Meaning | None:
    if name in _NAMES:
        if parent.endswith(_PEOPLE):
            return "user", "target" if _holds(parent, _TARGET) else "actor"
        if parent.endswith(_MACHINES) and name in {"name", "displayname"}:
            return "host", "target"
    if parent.endswith("process") and name in {"name", "path", "image", "file"}:
        return "process", "related" if "parent" in parent else "actor"
    if parent.endswith("file") and name in {"name", "path"}:
        return "file", "related"
    return None


def _role(kind: str, parent: str, name: str) -> str:
    if kind in {"process", "command"}:
        return "related" if "parent" in name or "parent" in parent else "actor"
    whole = f"{parent}.{name}"
    if _holds(whole, _TARGET):
        return "target" if kind in {"user", "host", "email", "cloud_resource"} else "destination"
    if kind == "user":
        return "actor"
    if kind == "host":
        return "source" if _holds(whole, ("src", "source", "client")) else "target"
    return "source" if kind in {"ip", "domain"} and _holds(whole, _SOURCE) else "related"


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


#: Names of fields that identify an account where no name of it is given.
IDENTIFIERS = frozenset(
    word_list(
        "userid usersid actoruid actorid useruid userkey profileid principalid subjectusersid sid accountuid "
        "accountsid actoruserid actoruseruid usersids targetusersid useridentityaccountid useridentityprincipalid "
        "userobjectid"
    )
)
