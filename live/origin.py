"""Only our own pages may open a socket: the Origin must be this server's scheme, host and port, exactly.

A browser sends the session cookie with any site's WebSocket, and Daphne lets a missing or `null` Origin pass, so
this is the only thing between a stranger's page and a person's queue. Channels' own validator takes a host for any
scheme and port.
"""

import re
from collections.abc import Iterable
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

_ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}

Headers = Iterable[tuple[bytes, bytes]]


def is_same_origin(scope: dict[str, Any]) -> bool:
    """Compare the handshake's one Origin with its one Host, which must be an allowed one."""
    headers = scope.get("headers", ())
    origins, hosts = _values(headers, b"origin"), _values(headers, b"host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    claimed = _ORIGIN.fullmatch(origins[0].lower())
    host, port = split_domain_port(hosts[0])
    if claimed is None or not host or not validate_host(host, settings.ALLOWED_HOSTS):
        return False
    scheme = _scheme(scope, headers)
    claimed_port = claimed[3] or _DEFAULT_PORTS[claimed[1]]
    return (claimed[1], claimed[2], claimed_port) == (scheme, host, port or _DEFAULT_PORTS[scheme])


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin1").strip() for key, value in headers if key.lower() == name]


def _scheme(scope: dict[str, Any], headers: Headers) -> str:
    """Behind TLS the proxy says what the browser used, and only then is it believed (settings)."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        said = _values(headers, name.removeprefix("HTTP_").replace("_", "-").lower().encode())
        return "https" if said == [secure] else "http"
    return "https" if scope.get("scheme") in ("wss", "https") else "http"


class SameOriginOnly:
    """ASGI middleware: everything else is refused in the handshake (HTTP 403)."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._refuse = Refusal.as_asgi()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        application = self._inner if is_same_origin(scope) else self._refuse
        return await application(scope, receive, send)


class Refusal(AsyncWebsocketConsumer):
    """Refuses the handshake."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        """Close before accepting."""
        await self.close()
