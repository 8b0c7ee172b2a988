"""The installation's Ed25519 key: it signs batches, and its public half checks them."""

import base64
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from golive.ledger.errors import KeyFileExists, KeyFileInvalid, KeyFileMissing, KeyFileTooOpen

PublicKeys = Mapping[str, Ed25519PublicKey]
"""Public keys by key id."""


class Signer:
    """Signs with one private key. ``key`` is the short digest of its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = key_id(private.public_key())

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """Raises ``KeyFileMissing``, ``KeyFileTooOpen`` (wider than 0600) or ``KeyFileInvalid``."""
        content = _read_private(path)
        try:
            private = serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise KeyFileInvalid(path=str(path)) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileInvalid(path=str(path))
        return cls(private)

    def sign(self, message: bytes) -> str:
        """The signature in base64."""
        return base64.b64encode(self._private.sign(message)).decode()

    def public_keys(self) -> PublicKeys:
        """Its own public key, in the form that verification takes."""
        return {self.key: self._private.public_key()}


def generate_key(path: Path) -> Signer:
    """Writes a new private key to ``path`` (0600) and the public one beside it as ``<name>.pub``.

    Raises ``KeyFileExists`` when either is there.
    """
    public_path = path.with_suffix(".pub")
    if path.exists() or public_path.exists():
        raise KeyFileExists(path=str(path if path.exists() else public_path))
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_new(path, pem, 0o600)
    _write_new(public_path, public_pem(private.public_key()), 0o644)
    return Signer(private)


def load_public_keys(path: Path) -> PublicKeys:
    """One public key file, or every ``*.pub`` of a directory. Raises ``KeyFileMissing`` or ``KeyFileInvalid``."""
    files = sorted(path.glob("*.pub")) if path.is_dir() else [path]
    keys = {}
    for file in files:
        try:
            public = parse_public_key(file.read_bytes())
        except FileNotFoundError as error:
            raise KeyFileMissing(path=str(file)) from error
        except ValueError as error:
            raise KeyFileInvalid(path=str(file)) from error
        keys[key_id(public)] = public
    return keys


def parse_public_key(pem: bytes) -> Ed25519PublicKey:
    """Raises ``ValueError`` for anything but an Ed25519 public key."""
    public = serialization.load_pem_public_key(pem)
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return public


def public_pem(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(public: Ed25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the raw public key's SHA-256."""
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def signed_by(public: Ed25519PublicKey, signature: str, message: bytes) -> bool:
    """Whether ``signature`` (base64) over ``message`` is of ``public``; malformed ones are not."""
    try:
        public.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read_private(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise KeyFileMissing(path=str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o177:
            raise KeyFileTooOpen(path=str(path), mode=f"{mode:04o}")
        return file.read()


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise KeyFileExists(path=str(path)) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
