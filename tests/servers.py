"""The product's web server as a subprocess on the current test database, for sockets, browsers and races.

Rows must be committed for it to see them: use it with `django_db(transaction=True)`. The socket is bound here and
handed over, so no two tests race for a port.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import Client

from accounts.models import User

APPLICATION = "soc.asgi:application"
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class WebServer:
    """A running web process. `origin` is what its own pages send, `log_path` holds what it said."""

    port: int
    process: "subprocess.Popen[bytes]"
    log_path: Path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_origin(self) -> str:
        """The same for sockets."""
        return f"ws://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what the process has written so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def web_server(
    env: Mapping[str, str], *, application: str = APPLICATION, listening: socket.socket | None = None
) -> Iterator[WebServer]:
    """Start Daphne with `env` (fixture `service_env`) and wait until it answers. Several may share one socket."""
    with contextlib.ExitStack() as stack:
        bound = listening or stack.enter_context(listening_socket())
        log = stack.enter_context(tempfile.NamedTemporaryFile(prefix="countersign-web-", suffix=".log"))
        command = [sys.executable, "-m", "daphne", "--fd", str(bound.fileno()), "--no-server-name"]
        command += ["--websocket-max-message-size", "16384", "--websocket-max-frame-size", "16384", application]
        process = subprocess.Popen(
            command, env={"COUNTERSIGN_DB_POOL": "24", **env}, pass_fds=[bound.fileno()], stdout=log, stderr=log
        )
        stack.callback(_end, process)
        server = WebServer(bound.getsockname()[1], process, Path(log.name))
        _wait_until_it_answers(server)
        yield server


def listening_socket() -> socket.socket:
    """Bind a free port of loopback; who closes it decides when nobody can connect any more."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    bound.listen(1024)
    return bound


def session_cookie(user: User) -> str:
    """Log `user` in (a committed session) and return the Cookie header's value."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _wait_until_it_answers(server: WebServer) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.origin}/healthz", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the web server did not start:\n{server.log()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
