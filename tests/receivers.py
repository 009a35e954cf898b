"""Receivers of callbacks on loopback: real HTTP servers in a thread that keep what they were sent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request: path, header fields with names in lower case, raw body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `statuses` in turn, then with the last of them; `location` makes redirects."""

    statuses: list[int] = field(default_factory=lambda: [204])
    location: str = ""
    requests: list[Received] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    def status(self) -> int:
        return self.statuses[min(len(self.requests), len(self.statuses)) - 1]


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Received(self.path, headers, body))
            self.send_response(receiver.status())
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run `script` on every connection; give the port. For receivers that are no proper HTTP servers."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if is_over.is_set():
                    return
                try:
                    script(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_over.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()
        listener.close()


def dripping(connection: socket.socket) -> None:
    """Send a byte of a header every 50 ms, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    """Answer 200 with a body that never ends."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"a" * 65536)


def babbling(connection: socket.socket) -> None:
    """Answer with something that is no HTTP."""
    connection.recv(65536)
    connection.sendall(b"220 mail.example ESMTP\r\n")
