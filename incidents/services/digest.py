"""The digest that one audit entry carries for many alerts: it names them all without listing them."""

import hashlib
import uuid
from collections.abc import Iterable


def digest_of_ids(ids: Iterable[uuid.UUID]) -> str:
    """Return the SHA-256 (64 lower-case hex) of the ids, one a line, in the order given."""
    return hashlib.sha256("\n".join(str(key) for key in ids).encode()).hexdigest()
