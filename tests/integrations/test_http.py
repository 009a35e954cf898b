"""The outbound client: F31's corpus without one connection, pinning against rebinding, caps on time and size."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from integrations import http
from integrations.addresses import Allowance, allowance, why_refused
from integrations.http import OutboundError, Refused, Unreachable, send
from tests.receivers import Receiver, babbling, dripping, endless, receiving, speaking

LOOPBACK = allowance("TEST", ["127.0.0.1"])
Resolver = Callable[[dict[str, list[str]]], list[str]]

#: Names that the stubbed resolver leads to bad places.
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "metadata.example": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "private.example": ["10.0.0.5"],
    "mixed.example": ["93.184.215.14", "127.0.0.1"],
    "mixed6.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "fd00:ec2::254"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64.example": ["64:ff9b::a00:1"],
    "linklocal.example": ["fe80::1%lo"],
    "zero.example": ["0.0.0.0"],  # noqa: S104 - an address to be refused
    "cgnat.example": ["100.100.100.200"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
}
CORPUS = [
    # loopback and this host, in every spelling that some parser takes
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://127.0.0.2/",
    "http://127.255.255.255/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1./",
    "http://127.0.0.1%2f@public.example/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    # private, shared, link-local, metadata
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.254/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fec0::1]/",
    # transition mechanisms that carry an inner address
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:7f00:1::]/",
    # special and unassigned
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://192.88.99.1/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    # schemes, credentials, ports, parser tricks
    "file:///etc/passwd",
    "gopher://public.example/",
    "ftp://public.example/",
    "unix:///run/redis.sock",
    "//public.example/",
    "public.example",
    "http://user:secret@public.example/",
    "http://user@public.example/",
    "http://@public.example/",
    "http://public.example\\@127.0.0.1/",
    "http://public.example@127.0.0.1/",
    "http://127.0.0.1#@public.example/",
    "http://127.0.0.1?@public.example/",
    "http://public.example:22/",
    "http://public.example:25/",
    "http://public.example:0/",
    "http://public.example:99999/",
    "http://exa mple.com/",
    "http://public.example\r\nX-Injected: 1/",
    "http://ex%61mple.com/",
    "http:///path",
    "http://[::1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://pub\u202elic.example/",
    "http://-public.example/",
    *(f"http://{name}/" for name in NAMES),
]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record every address that a socket was told to connect to, and connect to none."""
    tried: list[Any] = []

    class Recorder(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append(address)
            raise ConnectionRefusedError

        def connect_ex(self, address: Any) -> int:
            tried.append(address)
            return 111

    monkeypatch.setattr(socket, "socket", Recorder)
    return tried


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Stub the resolver with a table; returns a list that gets the names it was asked for."""
    real = socket.getaddrinfo

    def install(table: dict[str, list[str]]) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: int, *args: Any, **more: Any) -> Any:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                pass
            else:
                return real(host, port, *args, **more)  # a plain address: no name is resolved
            asked.append(host)
            if host not in table:
                raise socket.gaierror(socket.EAI_NONAME, "unknown")
            kinds = {True: socket.AF_INET6, False: socket.AF_INET}
            return [(kinds[":" in text], socket.SOCK_STREAM, 6, "", (text, port)) for text in table[host]]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return install


@pytest.mark.parametrize("url", CORPUS)
def test_nothing_of_the_corpus_is_connected_to(url: str, connections: list[Any], resolver: Resolver) -> None:
    resolver(NAMES | {"public.example": ["93.184.215.14"]})
    with pytest.raises(OutboundError) as refused:
        send("POST", url, content=b"x", timeout_seconds=2)
    assert refused.type is Refused
    assert connections == []


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(set(CORPUS)) >= 100


@pytest.mark.parametrize(
    "url",
    ["http://93.184.215.14/", "https://public.example/", "http://[2606:2800:21f::1]/", "http://public.example:8443/a"],
)
def test_the_public_internet_is_connected_to(url: str, connections: list[Any], resolver: Resolver) -> None:
    resolver({"public.example": ["93.184.215.14"]})
    with pytest.raises(Unreachable):
        send("POST", url, timeout_seconds=2)
    assert len(connections) == 1


def test_a_name_is_resolved_once_and_the_judged_address_is_the_one_connected_to(
    connections: list[Any], monkeypatch: pytest.MonkeyPatch, resolver: Resolver
) -> None:
    table = {"rebinding.example": ["93.184.215.14"]}
    asked = resolver(table)
    first = socket.getaddrinfo

    def then_loopback(host: str, port: int, *args: Any, **more: Any) -> Any:
        found = first(host, port, *args, **more)
        table["rebinding.example"] = ["127.0.0.1"]
        return found

    monkeypatch.setattr(socket, "getaddrinfo", then_loopback)
    with pytest.raises(Unreachable):
        send("POST", "http://rebinding.example/", timeout_seconds=2)
    assert asked == ["rebinding.example"]
    assert [address[:2] for address in connections] == [("93.184.215.14", 80)]


def test_a_name_that_does_not_resolve_may_be_tried_again(connections: list[Any], resolver: Resolver) -> None:
    resolver({})
    with pytest.raises(Unreachable) as error:
        send("POST", "http://nobody.example/", timeout_seconds=2)
    assert not error.value.permanent
    assert connections == []


def test_an_allowed_network_is_reached_with_the_name_in_the_host_field(resolver: Resolver) -> None:
    resolver({"agent.example": ["127.0.0.1"]})
    with receiving(Receiver()) as receiver:
        answer = send("POST", f"http://agent.example:{receiver.port}/a?b=c", content=b"hello", allow=LOOPBACK)
    assert (answer.status, len(receiver.requests)) == (204, 1)
    request = receiver.requests[0]
    assert (request.path, request.body) == ("/a?b=c", b"hello")
    assert request.headers["host"] == f"agent.example:{receiver.port}"


def test_an_allowed_endpoint_is_that_host_and_port_alone() -> None:
    with receiving(Receiver()) as receiver, receiving(Receiver()) as other:
        allow = allowance("TEST", [f"127.0.0.1:{receiver.port}"])
        assert send("POST", receiver.url, allow=allow).status == 204
        with pytest.raises(Refused):
            send("POST", other.url, allow=allow)
        assert other.requests == []


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with receiving(Receiver()) as inner, receiving(Receiver([302], location=inner.url)) as outer:
        assert send("POST", outer.url, allow=LOOPBACK).status == 302
        assert (len(outer.requests), inner.requests) == (1, [])


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(Receiver()) as proxy, receiving(Receiver()) as receiver:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert send("POST", receiver.url, allow=LOOPBACK).status == 204
        assert proxy.requests == []


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    with speaking(dripping) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            send("POST", f"http://127.0.0.1:{port}/", allow=LOOPBACK, timeout_seconds=0.5)
        # Not a measurement: without the deadline it would never end.
        assert time.monotonic() - started < 30


def test_a_body_without_end_is_cut_or_not_read() -> None:
    with speaking(endless) as port:
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises(Unreachable, match="larger than 1000 bytes"):
            send("GET", url, allow=LOOPBACK, max_bytes=1000)
        assert send("GET", url, allow=LOOPBACK, max_bytes=0).body == b""


def test_what_is_not_http_is_no_answer() -> None:
    with speaking(babbling) as port, pytest.raises(Unreachable, match="does not speak HTTP"):
        send("POST", f"http://127.0.0.1:{port}/", allow=LOOPBACK)


def test_a_resolver_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, connections: list[Any]) -> None:
    is_over = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        is_over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(Unreachable, match="not resolved in time"):
            send("POST", "http://slow.example/", timeout_seconds=0.2)
    finally:
        is_over.set()
    assert connections == []


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate for `name` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str]]]:
    """A TLS receiver with a certificate for agent.example that the client trusts: its port, the SNI names it saw."""
    chain, key = certificate(tmp_path, "agent.example")
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.sni_callback = lambda _socket, name, _context: names.append(str(name))
    trusting = ssl.create_default_context(cafile=str(chain))
    monkeypatch.setattr(http, "_tls", lambda: trusting)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with speaking(answer) as port:
        yield port, names


def test_tls_is_spoken_under_the_name_of_the_url(tls: tuple[int, list[str]], resolver: Resolver) -> None:
    port, names = tls
    resolver({"agent.example": ["127.0.0.1"]})
    assert send("POST", f"https://agent.example:{port}/", allow=LOOPBACK).status == 204
    assert names == ["agent.example"]


def test_a_certificate_for_another_name_is_no_answer(tls: tuple[int, list[str]], resolver: Resolver) -> None:
    port, _ = tls
    resolver({"other.example": ["127.0.0.1"]})
    with pytest.raises(Unreachable):
        send("POST", f"https://other.example:{port}/", allow=LOOPBACK)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "example", "*:80", "host:0", "host:70000", "http://a", "::g"])
def test_a_wrong_allowance_is_refused_by_name(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_CALLBACK_ALLOW"):
        allowance("COUNTERSIGN_CALLBACK_ALLOW", [entry])


def test_an_allowance_takes_endpoints_addresses_and_networks() -> None:
    found = allowance("TEST", ["Agent.Internal:8443", "[::1]:90", "10.1.0.0/16", "::1"])
    assert found.endpoints == {("agent.internal", 8443), ("::1", 90)}
    assert [str(network) for network in found.networks] == ["10.1.0.0/16", "::1/128"]
    assert not found.covers_address(ipaddress.ip_address("10.2.0.1"))


def test_nothing_is_allowed_by_default() -> None:
    assert Allowance() == Allowance(frozenset(), ())


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1"])
def test_public_addresses_are_not_refused(text: str) -> None:
    assert why_refused(ipaddress.ip_address(text)) == ""
