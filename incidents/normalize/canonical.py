"""One spelling per thing: addresses, names, hashes and URLs in canonical form, or None when they are none.

Strict on purpose: what two programs could read differently (octal addresses, hidden characters, scope ids)
is no entity. Lenient only where a sender's habit is unambiguous (defanged dots, a port after an address).
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

import idna

from incidents.normalize.texts import HIDDEN, is_storable

MAX_VALUE = 512
_DEFANGED_DOT = re.compile(r"\[(?:\.|dot)\]|\((?:\.|dot)\)|\{\.\}", re.IGNORECASE)
_DEFANGED_SCHEME = re.compile(r"^h(?:xx|\*\*)p(s?)(?=:|\[:)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_HEX = re.compile(r"[0-9a-fA-F]+")
_HASH_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})
_V4_WITH_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}")
_V6_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d{1,5})?")
_DOUBLED = re.compile(r"(?<!^)\\{2,}")
_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "sftp", "ldap", "ldaps", "smb", "ws", "wss"})
_PORTS = {"http": 80, "https": 443, "ftp": 21}
_LOCAL_PART = re.compile(r"[^\s@\"<>()\[\],;:\\]{1,64}")
_NOBODY = frozenset({"-", "n/a", "none", "null", "(null)", "unknown", "undefined", "localhost", "anonymous"})


def refang(text: str) -> str:
    """Undo defanging: hxxps://evil[.]example becomes https://evil.example."""
    if "[" in text or "(" in text or "{" in text:
        text = _DEFANGED_DOT.sub(".", text).replace("[:]", ":").replace("[at]", "@").replace("[@]", "@")
        text = text.replace("[://]", "://")
    return _DEFANGED_SCHEME.sub(r"http\1", text)


def ip(text: str) -> str | None:
    """Return an address; ::ffff:10.0.0.1 is 10.0.0.1; octal, short and scoped forms are none."""
    text = refang(text.strip())
    found = _V4_WITH_PORT.fullmatch(text) or _V6_WITH_PORT.fullmatch(text)
    if found:
        text = found[1]
    if not text.isascii() or "%" in text or "/" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return None if address.is_unspecified else str(address)


def domain(text: str) -> str | None:
    """Return a domain name of at least two labels, IDNA-encoded, lower-case, without the root's dot."""
    text = refang(text.strip()).rstrip(".").lower()
    if not text or len(text) > 253 or "." not in text or HIDDEN.search(text):
        return None
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return None
    labels = text.split(".")
    if labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return text if len(text) <= 253 else None


def hash_value(text: str) -> str | None:
    """Return a hexadecimal digest of a known length in lower case; a digest of zeros is none."""
    text = text.strip()
    if len(text) not in _HASH_LENGTHS or not _HEX.fullmatch(text) or not text.strip("0"):
        return None
    return text.lower()


def url(text: str) -> str | None:
    """Return a URL with lower-case scheme and canonical host, without the scheme's own port."""
    text = refang(text.strip())
    if len(text) > MAX_VALUE or "://" not in text or HIDDEN.search(text) or " " in text:
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    name = ip(host) or domain(host) or (host.lower() if _LABEL.fullmatch(host.lower()) else None)
    if scheme not in _SCHEMES or name is None:
        return None
    place = f"[{name}]" if ":" in name else name
    if port is not None and port != _PORTS.get(scheme):
        place = f"{place}:{port}"
    result = urlunsplit((scheme, place, parts.path, parts.query, parts.fragment))
    return result if len(result) <= MAX_VALUE else None


def email(text: str) -> str | None:
    """Return an address with a canonical domain; `Name <a@b.example>` gives a@b.example."""
    text = refang(text.strip())
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    local, at, place = text.rpartition("@")
    name = domain(place) if at else None
    return f"{local}@{name}" if name and _LOCAL_PART.fullmatch(local) and not HIDDEN.search(local) else None


def host(text: str) -> str | None:
    """Return a host's name as written (its key ignores case); an address or a name with spaces is none."""
    text = refang(text.strip()).rstrip(".")
    if not text or len(text) > 253 or " " in text or "@" in text or text.lower() in _NOBODY or ip(text):
        return None
    return _plain(text)


def user(text: str) -> str | None:
    r"""Return an account; `DOMAIN\\name` keeps its domain and one backslash."""
    text = _DOUBLED.sub(lambda _: "\\", text.strip())
    if not text or text.lower() in _NOBODY or len(text) > 256:
        return None
    return _plain(text)


def path(text: str) -> str | None:
    """Return a file's or program's path; backslashes that a source doubled are single again."""
    text = text.strip().strip('"')
    if ":\\\\" in text:
        text = _DOUBLED.sub(lambda _: "\\", text)
    return None if text.lower() in _NOBODY else _plain(text)


def resource(text: str) -> str | None:
    """Return a cloud resource's id or ARN as written."""
    text = text.strip()
    return None if text.lower() in _NOBODY else _plain(text)


def _plain(text: str) -> str | None:
    return text if text and len(text) <= MAX_VALUE and is_storable(text) and not HIDDEN.search(text) else None


CANONICAL = {
    "ip": ip,
    "domain": domain,
    "url": url,
    "hash": hash_value,
    "email": email,
    "host": host,
    "user": user,
    "process": path,
    "file": path,
    "cloud_resource": resource,
}


@lru_cache(maxsize=8192)
def canonical(kind: str, text: str) -> str | None:
    """Return the canonical value of an entity type, or None when the text is no such thing.

    Remembered: in a storm the same few hosts and addresses come thousands of times.
    """
    return None if len(text) > 2 * MAX_VALUE else CANONICAL[kind](text)


def key_of(kind: str, value: str) -> str:
    r"""Return what makes two canonical values one thing: case counts in paths, URLs and accounts without a domain."""
    if kind in {"url", "process", "file", "cloud_resource"} or (
        kind == "user" and "\\" not in value and "@" not in value
    ):
        return value
    return value.lower()[:MAX_VALUE]
