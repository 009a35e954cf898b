"""The web process: a socket bound by us, so that no port races and a restart keeps callers waiting, not refused."""

import errno
import http.client
import ipaddress
import socket
import sys
from dataclasses import dataclass

from soc.supervisor.errors import CannotStart

#: Long polls last 60 s and streams longer; a socket is closed after an hour and comes back by itself.
_HTTP_TIMEOUT_SECONDS = 330
_SOCKET_LIFETIME_SECONDS = 3600
#: Browsers send nothing larger over the live socket (CVE-2026-44545 is what no limit means).
_MESSAGE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where the web process is heard: `host` is an address to connect to, loopback where it listens everywhere."""

    listener: socket.socket
    host: str
    port: int
    #: The Host header under which it answers itself.
    host_header: str

    @classmethod
    def of(cls, listener: socket.socket, host_header: str) -> "WebAddress":
        """Read host and port from a listening socket; an empty `host_header` means that the address will do."""
        bound, port = listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, str(bound))  # noqa: S104 - compared, not bound
        return cls(listener, host, int(port), host_header or f"{_bracketed(host)}:{port}")

    @property
    def url(self) -> str:
        return f"http://{_bracketed(self.host)}:{self.port}"

    def command(self) -> list[str]:
        """Return Daphne's command line; it inherits the listening socket."""
        options = {
            "--fd": self.listener.fileno(),
            "-t": _HTTP_TIMEOUT_SECONDS,
            "--websocket_timeout": _SOCKET_LIFETIME_SECONDS,
            "--websocket-max-message-size": _MESSAGE_BYTES,
            "--websocket-max-frame-size": _MESSAGE_BYTES,
            "-v": 0,
        }
        given = [str(part) for name, value in options.items() for part in (name, value)]
        return [sys.executable, "-m", "daphne", *given, "--no-server-name", "soc.asgi:application"]

    def answers(self, path: str) -> bool:
        """Tell whether a GET of `path` comes back as 200."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": self.host_header})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen. Raises CannotStart in words when the port is taken or the host is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reasons = {"EADDRINUSE": "is taken by another program", "EACCES": "may not be used by this user"}
        reason = reasons.get(_name_of(error), f"cannot be used ({error.strerror or error})")
        raise CannotStart(f"Port {port} on {host} {reason}: choose another with --port.") from error


def free_port() -> int:
    """Return a port of loopback that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _name_of(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")
