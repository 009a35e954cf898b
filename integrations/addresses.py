"""Which addresses the outbound client may connect to: the public internet, and what the operator names besides."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What is never the public internet, said here so that no version of Python decides it (is_global changed in 3.11.10).
_REFUSED = (
    ("this network", "0.0.0.0/8"),
    ("private", "10.0.0.0/8"),
    ("carrier-grade NAT", "100.64.0.0/10"),
    ("loopback", "127.0.0.0/8"),
    ("link-local, metadata", "169.254.0.0/16"),
    ("a cloud's metadata", "168.63.129.16/32"),
    ("private", "172.16.0.0/12"),
    ("protocol assignments", "192.0.0.0/24"),
    ("documentation", "192.0.2.0/24"),
    ("6to4 relay", "192.88.99.0/24"),
    ("private", "192.168.0.0/16"),
    ("benchmarking", "198.18.0.0/15"),
    ("documentation", "198.51.100.0/24"),
    ("documentation", "203.0.113.0/24"),
    ("multicast", "224.0.0.0/4"),
    ("reserved", "240.0.0.0/4"),
    ("loopback", "::1/128"),
    ("mapped IPv4", "::ffff:0:0/96"),
    ("NAT64", "64:ff9b::/96"),
    ("NAT64", "64:ff9b:1::/48"),
    ("protocol assignments, Teredo", "2001::/23"),
    ("documentation", "2001:db8::/32"),
    ("6to4", "2002::/16"),
    ("documentation", "3fff::/20"),
    ("private", "fc00::/7"),
    ("link-local", "fe80::/10"),
    ("multicast", "ff00::/8"),
)
_RANGES = tuple((name, ipaddress.ip_network(text)) for name, text in _REFUSED)
#: The only part of IPv6 that is handed out; whatever lies outside it is special.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_ENDPOINT = re.compile(r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an operator allows beside the public internet: endpoints as (host, port), networks with any port."""

    endpoints: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[IPNetwork, ...] = ()

    def covers_endpoint(self, host: str, port: int) -> bool:
        """Whether this very host and port were named; `host` without brackets, in lower case."""
        return (host, port) in self.endpoints

    def covers_address(self, address: IPAddress) -> bool:
        """Whether a named network holds the address."""
        return any(address.version == network.version and address in network for network in self.networks)


def allowance(name: str, entries: Iterable[str]) -> Allowance:
    """Read `host:port`, an address or a network each. Raises ImproperlyConfigured, naming the setting `name`."""
    endpoints: set[tuple[str, int]] = set()
    networks: list[IPNetwork] = []
    for entry in entries:
        found = _ENDPOINT.fullmatch(entry.lower())
        if found and 0 < int(found["port"]) < 65536:
            endpoints.add((found["host"].strip("[]"), int(found["port"])))
            continue
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: {entry!r} is neither host:port nor a network like 10.1.0.0/16"
            ) from None
    return Allowance(frozenset(endpoints), tuple(networks))


def why_refused(address: IPAddress) -> str:
    """Return what kind of address it is ("loopback", "NAT64", …), or an empty string for a public one."""
    for name, network in _RANGES:
        if address.version == network.version and address in network:
            return name
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return "outside the public range"
    return "" if address.is_global else "special"
