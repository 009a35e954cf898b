"""The key that signs checkpoints, and the public keys that a verifier trusts.

Everything lies in one folder, apart from the checkpoints: `signing.pem` (0600), one `<key id>.pub` for every key
ever used here, and `last.json`, the last checkpoint signed. Moving `signing.pem` away rotates the key: the next
checkpoint makes a new one, and the old `.pub` goes on being trusted.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

SIGNING_KEY = "signing.pem"


class UnusableKeyError(RuntimeError):
    """A key cannot be used; the words say which file and why."""


def key_id(public: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the signing key of `folder`, made on first use. Raises UnusableKeyError."""
    path = folder / SIGNING_KEY
    if not path.exists():
        _make(folder)
    if path.stat().st_mode & 0o077:
        raise UnusableKeyError(f"{path} can be read by others; nothing is signed until its mode is 0600")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKeyError(f"{path} holds no usable key ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKeyError(f"{path} is no Ed25519 key")
    return key


def trusted_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Return the public keys of `folder` by id. A file that is no key, or not under its own id, is not trusted."""
    keys = {}
    for path in sorted(folder.glob("*.pub")):
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, Ed25519PublicKey) and key_id(key) == path.stem:
            keys[path.stem] = key
    return keys


def is_signed(signed: bytes, signature: str, key: Ed25519PublicKey) -> bool:
    """Say whether `signature` (hex) is `key`'s over `signed`."""
    try:
        key.verify(bytes.fromhex(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def names(keys: Mapping[str, Ed25519PublicKey]) -> str:
    """Return the ids of `keys` for a message."""
    return ", ".join(sorted(keys)) or "none"


def publish(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file that appears whole or not at all, and never over another one (FileExistsError)."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        _write(temporary, data, mode)
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def replace(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file in the place of an older one, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    _write(temporary, data, mode)
    temporary.replace(path)
    _sync_folder(path.parent)


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # The public half first: a key that has signed is always one that a verifier knows.
    publish(folder / f"{key_id(key.public_key())}.pub", public, mode=0o644)
    try:
        publish(folder / SIGNING_KEY, private, mode=0o600)
    except FileExistsError:
        return  # another process was first; its key is the one


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
