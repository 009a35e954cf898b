"""Where a change came from: the request id, address and log-in method that every entry of a request carries."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request, socket or command. Empty strings mean: not known, or not a request at all."""

    request_id: str = ""
    ip: str = ""
    auth_method: str = ""
    #: Asked when an entry is written, because the session is read only by requests that need it.
    auth_of_session: Callable[[], str] | None = None

    @property
    def auth(self) -> str:
        """How the actor proved who they are: "token", "password", "passkey", "session", "command", or ""."""
        if self.auth_method or self.auth_of_session is None:
            return self.auth_method
        return self.auth_of_session()


_NOBODY = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("audit_request_context", default=_NOBODY)


def current() -> RequestContext:
    """Return the context of the running request, or an empty one."""
    return _current.get()


def new_request_id() -> str:
    """Return 32 hex digits. Never taken from a client: two acts must not be able to share an id on purpose."""
    return secrets.token_hex(16)


@contextmanager
def bound(context: RequestContext) -> Iterator[RequestContext]:
    """Make `context` the current one until the block ends."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def set_auth_method(method: str) -> None:
    """Say how this request proved who it is; whoever checks a token or a second factor calls it."""
    _current.set(replace(_current.get(), auth_method=method))
