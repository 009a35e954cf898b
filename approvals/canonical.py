"""One parser per kind of target, and the canonical bytes that are shown, voted and dispatched.

A target has one spelling here; whatever two programs could read differently is refused (security.md §1.6: C libraries
read 010.0.0.1 as 8.0.0.1, Python accepts a scope id full of control characters).
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from typing import Any

import rfc8785

MAX_TARGET = 512
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@\\+-]{0,118}[A-Za-z0-9$])?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})")
_URL = re.compile(r"https?://[!-~]{1,480}")
_PRINTABLE = re.compile(r"[ -~]+")
_DECIMAL_PARTS = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")


class WrongTarget(ValueError):
    """A target that its kind's parser refuses; the text says why."""


def parse_target(kind: str, value: str) -> str:
    """Return the canonical spelling. Raises WrongTarget for anything else than one plain spelling of one thing."""
    parser = _PARSERS.get(kind)
    if parser is None:
        raise WrongTarget(f"{kind!r} is not a kind of target")
    if not 1 <= len(value) <= MAX_TARGET:
        raise WrongTarget(f"must have 1 to {MAX_TARGET} characters")
    if not _PRINTABLE.fullmatch(value) or value != value.strip():
        raise WrongTarget("holds characters that are not plain ASCII text (control, bidi, look-alike or outer spaces)")
    return parser(value)


def canonical_bytes(
    *,
    action_type: str,
    target_type: str,
    target_value: str,
    params: dict[str, Any],
    preconditions: dict[str, Any],
    policy_version: int,
) -> bytes:
    """Return the RFC 8785 JSON of what is proposed: equal bytes mean equal actions."""
    return rfc8785.dumps(
        {
            "type": action_type,
            "target": {"type": target_type, "value": target_value},
            "params": params,
            "preconditions": preconditions,
            "policy_version": policy_version,
        }
    )


def digest_of(canonical: bytes) -> str:
    """Return the 64 lower-case hex digits that votes and dispatch are bound to."""
    return hashlib.sha256(canonical).hexdigest()


def _ip(value: str) -> str:
    if ":" not in value:
        if not _DECIMAL_PARTS.fullmatch(value):
            raise WrongTarget("is not an IPv4 address in plain decimal form (no octal, hex or short forms)")
    elif "." in value or "%" in value:
        raise WrongTarget("mixes IPv4 and IPv6, or names a scope: write the plain address")
    try:
        return ipaddress.ip_address(value).compressed
    except ValueError:
        raise WrongTarget("is not an IP address") from None


def _host(value: str) -> str:
    if not _HOST.fullmatch(value) or ".." in value:
        raise WrongTarget("is not a host name")
    return value


def _user(value: str) -> str:
    if not _USER.fullmatch(value):
        raise WrongTarget("is not a user name")
    return value


def _domain(value: str) -> str:
    labels = value.lower().split(".")
    if len(value) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise WrongTarget("is not a domain name (write internationalised ones in their xn-- form)")
    if labels[-1].isdigit():
        raise WrongTarget("ends in a number: an address is not a domain")
    return ".".join(labels)


def _hash(value: str) -> str:
    if not _HASH.fullmatch(value.lower()):
        raise WrongTarget("is not an MD5, SHA-1 or SHA-256 in hex")
    return value.lower()


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise WrongTarget("is not an http or https URL in plain ASCII")
    return value


def _file(value: str) -> str:
    return value


_PARSERS: dict[str, Callable[[str], str]] = {
    "ip": _ip,
    "host": _host,
    "user": _user,
    "domain": _domain,
    "hash": _hash,
    "url": _url,
    "file": _file,
}
