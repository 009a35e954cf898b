"""Who may open a socket at all: this server's own pages, by scheme, host and port."""

import pytest
from pytest_django import Settings
from websockets.exceptions import InvalidStatus

from live.origin import is_same_origin
from tests.live.conftest import Desk, announce, open_socket
from tests.servers import WebServer

HOSTILE = [
    None,
    "null",
    "",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "https://127.0.0.1:{port}",
    "ws://127.0.0.1:{port}",
    "file://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1.evil.example:{port}",
    "http://evil-127.0.0.1:{port}",
    "http://evil.example:{port}",
    "http://127.0.0.1:{port}@evil.example",
    "http://user@127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}?",
    "http://127.0.0.1:{port}#",
    "http://127.0.0.1:{port} http://evil.example",
    "http://127.0.0.1:0{port}",
    "127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "*",
]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_foreign_page_opens_a_socket_with_a_persons_cookie(soc: Desk, live_server_process: WebServer) -> None:
    announce(soc.team)
    for pattern in HOSTILE:
        origin = pattern and pattern.format(port=live_server_process.port)
        with (
            pytest.raises(InvalidStatus) as refused,
            open_socket(live_server_process, soc.person, origin=origin, since=0),
        ):
            pytest.fail(f"accepted {origin}")
        # Daphne refuses some by itself, as a bad request.
        assert refused.value.response.status_code in {400, 403}, origin


def _scope(origin: str, host: str, scheme: str = "ws", *more: tuple[bytes, bytes]) -> dict[str, object]:
    headers = [(b"origin", origin.encode()), (b"host", host.encode()), *more]
    return {"type": "websocket", "scheme": scheme, "headers": headers}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://soc.example", "soc.example"),
        ("http://soc.example:80", "soc.example"),
        ("http://soc.example", "soc.example:80"),
        ("http://SOC.example:8000", "soc.example:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_same_origin_is_taken(settings: Settings, origin: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["soc.example", "[::1]"]
    assert is_same_origin(_scope(origin, host))


def test_a_host_that_is_not_ours_is_refused_even_when_origin_agrees(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["soc.example"]
    assert not is_same_origin(_scope("http://rebound.example", "rebound.example"))


def test_two_origins_or_two_hosts_are_refused(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["soc.example"]
    assert not is_same_origin(_scope("http://soc.example", "soc.example", "ws", (b"origin", b"http://soc.example")))
    assert not is_same_origin(_scope("http://soc.example", "soc.example", "ws", (b"host", b"soc.example")))


def test_behind_tls_the_proxys_word_decides_the_scheme(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["soc.example"]
    said = (b"x-forwarded-proto", b"https")
    assert not is_same_origin(_scope("https://soc.example", "soc.example", "ws", said))
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert is_same_origin(_scope("https://soc.example", "soc.example", "ws", said))
    assert not is_same_origin(_scope("http://soc.example", "soc.example", "ws", said))
    assert not is_same_origin(_scope("https://soc.example", "soc.example", "ws"))
    assert not is_same_origin(_scope("https://soc.example", "soc.example", "ws", said, said))
