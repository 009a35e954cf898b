"""Standard Webhooks' symmetric signature: HMAC-SHA256 over `id.timestamp.body`, under each secret in use."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

#: How a secret is written down: this, and the key in base64.
SECRET_MARK = "whsec_"  # noqa: S105 - a public prefix, not a secret


def signature(*, keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header's value: `v1,BASE64` for each key, with spaces between. `timestamp` is in Unix seconds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def written(key: bytes) -> str:
    """Return a key as people and settings write it: `whsec_BASE64`."""
    return SECRET_MARK + base64.b64encode(key).decode()
