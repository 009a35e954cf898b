"""What makes two alerts the same: source, detection and principal entities, within a window."""

import datetime as dt
import hashlib
import json
import uuid

from incidents.normalize.canonical import key_of
from incidents.normalize.record import NormalAlert

WINDOW = dt.timedelta(hours=1)
#: Types that say who did what to whom. A URL or a path differs with every request of one scan.
_PRINCIPAL = frozenset({"host", "user", "ip", "domain", "hash", "email", "cloud_resource"})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def fingerprint(source_id: uuid.UUID, alert: NormalAlert) -> str:
    """Return 64 hex: equal for two deliveries of one detection on the same principals.

    An entity that was only found in a text (role `related`) counts where nothing better is known.
    """
    detection = alert.detection_key or alert.detection_id or alert.detection_name or alert.title
    principals = [ref for ref in alert.entities if ref.type in _PRINCIPAL]
    known = [ref for ref in principals if ref.role != "related" or ref.type == "hash"] or principals
    parts = [str(source_id), detection, sorted({(ref.type, key_of(ref.type, ref.value)) for ref in known})]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def window_of(moment: dt.datetime) -> dt.datetime:
    """Return the start of the deduplication window that holds `moment`."""
    return moment - (moment - _EPOCH) % WINDOW
