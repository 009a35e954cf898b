"""The one client for everything outbound: it resolves a name once, judges the addresses, and connects to one of them.

What it never does: follow a redirect, use a proxy of the environment, resolve a second time, unpack an answer, or
wait longer than its deadline for anything (name, connection, each byte of the answer).
"""

import functools
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from integrations.addresses import Allowance, IPAddress, why_refused

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024
_PIECE_BYTES = 4096
#: Below 1024 only the web's own ports: nothing outbound talks HTTP to mail, SSH or a directory.
_WEB_PORTS = frozenset({80, 443})
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_NUMERIC_LABEL = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\.?")
#: getaddrinfo takes no timeout: it runs here, and whoever waits for it stops waiting at the deadline.
_RESOLVERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")
_ODD_HOST = "The host is neither a name nor an address in its plain spelling."


class OutboundError(Exception):
    """A request without an answer. `permanent`: trying again does not help. The text is ours, never the receiver's."""

    permanent = False


class Refused(OutboundError):
    """The URL or where it leads is not allowed; no connection was opened."""

    permanent = True


class Unreachable(OutboundError):
    """No answer within the deadline, or none that is HTTP; whether the other side acted is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields (names in lower case) and the body as it was sent, never unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed the checks which need no network."""

    url: httpx2.URL
    host: str
    port: int
    literal: IPAddress | None


def send(
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    allow: Allowance = Allowance(),  # noqa: B008 - frozen and empty
    timeout_seconds: float = TIMEOUT_SECONDS,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> Answer:
    """Send one request and return the answer, whatever its status; a redirect is an answer like any other.

    `timeout_seconds` is for all of it. With `max_bytes` 0 the body is not read. Raises Refused (nothing was sent) and
    Unreachable (something may have been).
    """
    deadline = time.monotonic() + timeout_seconds
    target = check_url(url, allow)
    addresses = resolve(target, allow, deadline)
    transport = _PinnedTransport(addresses, deadline)
    fields = {"Accept-Encoding": "identity", "User-Agent": "Countersign", **(headers or {})}
    timeout = httpx2.Timeout(timeout_seconds)
    try:
        with (
            httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout) as client,
            client.stream(method, target.url, content=content, headers=fields) as response,
        ):
            return Answer(response.status_code, dict(response.headers), _body_of(response, max_bytes))
    except _TIMEOUTS as error:
        raise Unreachable("No answer in time.") from error
    except _FAILURES as error:
        raise Unreachable(f"No answer: {_WORDS.get(type(error).__name__, 'the connection failed')}.") from error


_TIMEOUTS = (httpx2.TimeoutException, httpcore2.TimeoutException)
_FAILURES = (
    httpx2.TransportError,
    httpx2.InvalidURL,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
)
_WORDS = {
    "ConnectError": "no connection could be made",
    "RemoteProtocolError": "the other side does not speak HTTP or hung up",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
}


def check_url(url: str, allow: Allowance) -> Target:
    """Check what can be checked without the network. Raises Refused."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise Refused("The URL holds characters that are not allowed.")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise Refused("This is not a URL.") from None
    if parsed.scheme not in ("http", "https"):
        raise Refused("Only http and https are allowed.")
    if parsed.userinfo or "@" in url.split("://", 1)[-1].split("/", 1)[0]:
        raise Refused("The URL may not hold credentials.")
    host = parsed.host.lower()
    port = parsed.port if parsed.port is not None else {"http": 80, "https": 443}[parsed.scheme]
    literal = _literal(host)
    target = Target(parsed, host, port, literal)
    _check_port(target, allow)
    if literal is not None:
        _check_address(target, literal, allow)
    return target


def _literal(host: str) -> IPAddress | None:
    """Return the address that the host spells, None for a name. Raises Refused for any odd spelling."""
    try:
        if ":" in host and "%" not in host:
            return ipaddress.IPv6Address(host)
        # 127.1, 0177.0.0.1, 2130706433, 0x7f000001: the system's resolver would take them for addresses.
        if _NUMERIC_LABEL.fullmatch(host.rstrip(".").rsplit(".", 1)[-1]):
            return ipaddress.IPv4Address(host)
    except ValueError:
        raise Refused(_ODD_HOST) from None
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise Refused(_ODD_HOST)
    return None


def _check_port(target: Target, allow: Allowance) -> None:
    if allow.covers_endpoint(target.host, target.port):
        return
    if target.port not in _WEB_PORTS and not 1024 <= target.port <= 65535:
        raise Refused(f"Port {target.port} is not allowed: 80, 443 or 1024 and above.")


def _check_address(target: Target, address: IPAddress, allow: Allowance) -> None:
    if allow.covers_endpoint(target.host, target.port) or allow.covers_address(address):
        return
    if kind := why_refused(address):
        raise Refused(f"The host leads to an address that is not public ({kind}).")


def resolve(target: Target, allow: Allowance, deadline: float) -> list[IPAddress]:
    """Return the host's addresses, each judged; one bad one refuses them all. Raises Refused, Unreachable."""
    if target.literal is not None:
        return [target.literal]
    future = _RESOLVERS.submit(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
    try:
        found = future.result(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        future.cancel()
        raise Unreachable("The host's name was not resolved in time.") from None
    except (OSError, UnicodeError):
        raise Unreachable("The host's name does not resolve.") from None
    addresses = list(dict.fromkeys(_parsed(str(row[4][0])) for row in found))
    if not addresses:
        raise Unreachable("The host's name does not resolve.")
    for address in addresses:
        _check_address(target, address, allow)
    return addresses


def _parsed(text: str) -> IPAddress:
    """A zone ("fe80::1%eth0") marks a link-local address, which is refused with or without it."""
    return ipaddress.ip_address(text.split("%", 1)[0])


def _body_of(response: httpx2.Response, max_bytes: int) -> bytes:
    """Return the raw body. Raises Unreachable when it is larger than allowed."""
    if max_bytes == 0:
        return b""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise Unreachable(f"The answer is larger than {max_bytes} bytes.")
    return bytes(body)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Trust what the machine trusts; made once, since reading the authorities takes longer than a request."""
    return httpx2.create_ssl_context()


class _PinnedTransport(httpx2.BaseTransport):
    """One request over one new connection to the judged addresses; URL, Host and SNI keep the name."""

    def __init__(self, addresses: list[IPAddress], deadline: float) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_tls(),
            max_connections=1,
            max_keepalive_connections=0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=_PinnedBackend(addresses, deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand the request to the pool, and the answer's stream back."""
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Stream(answer))

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx2.SyncByteStream):
    """The answer's body as it comes; closing it closes the connection."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the judged addresses, whatever name it is asked for."""

    def __init__(self, addresses: list[IPAddress], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try the addresses in the resolver's order; the last failure is the one that is raised."""
        *others, last = self._addresses
        for address in others:
            try:
                return self._connect(address, port)
            except httpcore2.ConnectError:
                continue
        return self._connect(last, port)

    def _connect(self, address: IPAddress, port: int) -> httpcore2.NetworkStream:
        stream = self._sockets.connect_tcp(str(address), port, timeout=_left(self._deadline))
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore2.NetworkStream):
    """A stream whose every wait ends at the request's deadline: a byte now and then does not prolong it."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """In small pieces: a reader that takes a little at a time meets the deadline between them."""
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._deadline))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Return the seconds that are left. Raises httpcore2.ReadTimeout when none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the deadline has passed")
    return left
