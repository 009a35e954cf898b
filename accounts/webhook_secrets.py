"""The secrets that sign what is sent to an agent: made at first need, shown by a command, rotated with an overlap."""

import base64
import datetime as dt
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Agent, AgentWebhookSecret
from audit.actors import SYSTEM, Actor
from audit.services import record

KEY_BYTES = 32
#: After a rotation the former secret signs beside the new one for so long: time to change the receiver's setting.
OVERLAP = dt.timedelta(hours=24)
_PURPOSE = b"countersign webhook secrets v1"


class SecretUnreadable(Exception):
    """The stored secret was encrypted under another COUNTERSIGN_SECRET_KEY; a rotation makes a new one."""


@transaction.atomic
def signing_keys(*, agent: Agent) -> list[bytes]:
    """Return the keys in use, the newest first, at most two; the first one is made here. Raises SecretUnreadable."""
    rows = list(_in_use(agent)[:2]) or [_first(agent)]
    keys = [key for row in rows if (key := _decrypted(row)) is not None]
    if not keys:
        raise SecretUnreadable
    return keys


@transaction.atomic
def show(*, agent: Agent, actor: Actor = SYSTEM) -> bytes:
    """Return the newest key and put on record that it was read. Raises SecretUnreadable."""
    row = _in_use(agent).first() or _first(agent)
    key = _decrypted(row)
    if key is None:
        raise SecretUnreadable
    _record("accounts.webhook_secret.shown", agent, actor)
    return key


@transaction.atomic
def rotate(*, agent: Agent, actor: Actor = SYSTEM) -> bytes:
    """Make a new key and return it. The one it replaces stays in use for the overlap, any older one ends now."""
    _lock(agent)
    now = timezone.now()
    rows = AgentWebhookSecret.objects.filter(agent=agent)
    rows.filter(expires_at__gt=now).update(expires_at=now)
    rows.filter(expires_at=None).update(expires_at=now + OVERLAP)
    _, key = _make(agent)
    _record("accounts.webhook_secret.rotated", agent, actor)
    return key


def _in_use(agent: Agent) -> QuerySet[AgentWebhookSecret]:
    return AgentWebhookSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), agent=agent)


def _first(agent: Agent) -> AgentWebhookSecret:
    """Two processes at once would each make one: the second finds the first one's."""
    _lock(agent)
    row = _in_use(agent).first()
    if row is None:
        row, _ = _make(agent)
        _record("accounts.webhook_secret.created", agent, SYSTEM)
    return row


def _lock(agent: Agent) -> None:
    Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)


def _make(agent: Agent) -> tuple[AgentWebhookSecret, bytes]:
    key = secrets.token_bytes(KEY_BYTES)
    text = _box().encrypt(key).decode()
    return AgentWebhookSecret.objects.create(agent=agent, ciphertext=text, created_at=timezone.now()), key


def _decrypted(row: AgentWebhookSecret) -> bytes | None:
    try:
        return _box().decrypt(row.ciphertext.encode())
    except InvalidToken:
        return None


def _box() -> MultiFernet:
    """Encrypt under the secret key of now, read under the former ones too."""
    return MultiFernet([_fernet(str(text)) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(text: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(text.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def _record(name: str, agent: Agent, actor: Actor) -> None:
    record(
        action=name,
        actor=actor,
        object_type="agent",
        object_id=str(agent.id),
        object_label=agent.name,
        team_id=str(agent.team_id),
    )
