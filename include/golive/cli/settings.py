"""Where the ledger is: by variables of the environment, or by what the embedded stack knows of itself."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from golive.cli.errors import LedgerNotConfigured, SettingMissing, SettingUnusable
from golive.secret import Secret

if TYPE_CHECKING:
    from golive.ledger import Ledger
    from golive.ledger.signing import PublicKeys


@dataclass(frozen=True)
class Settings:
    """A ledger's address with its login, the key that signs, the heads outside the database, the keys that verify."""

    ledger: Secret | None = None
    signing_key: Path | None = None
    heads: Path | None = None
    public_keys: Path | None = None


Fallback = Callable[[], Settings]
"""Asked when the environment names no ledger; given to the commands as click's ``obj``."""


def from_environment(environ: Mapping[str, str]) -> Settings:
    """``GOLIVE_LEDGER_URL``, ``GOLIVE_SIGNING_KEY``, ``GOLIVE_HEADS`` and ``GOLIVE_PUBLIC_KEYS``; empty is unset."""

    def path(name: str) -> Path | None:
        return Path(environ[name]) if environ.get(name) else None

    url = environ.get("GOLIVE_LEDGER_URL")
    return Settings(
        Secret(url) if url else None,
        signing_key=path("GOLIVE_SIGNING_KEY"),
        heads=path("GOLIVE_HEADS"),
        public_keys=path("GOLIVE_PUBLIC_KEYS"),
    )


def settings(context: click.Context) -> Settings:
    """The settings in force, from one source only: a key of one ledger must never sign in another.

    Raises ``LedgerNotConfigured``.
    """
    found = from_environment(os.environ)
    if found.ledger is None and context.obj is not None:
        fallback: Fallback = context.obj
        found = fallback()
    if found.ledger is None:
        raise LedgerNotConfigured
    return found


@contextmanager
def reading(context: click.Context) -> "Iterator[Ledger]":
    """The ledger, for reading. Raises ``LedgerNotConfigured``, ``LedgerUrlInvalid``."""
    found = settings(context)
    with _opened(found, signed=False) as ledger:
        yield ledger


@contextmanager
def writing(context: click.Context) -> "Iterator[Ledger]":
    """The ledger, able to sign and to keep heads. Raises ``SettingMissing`` and what the key's file is refused for."""
    found = settings(context)
    for name, value in (("GOLIVE_SIGNING_KEY", found.signing_key), ("GOLIVE_HEADS", found.heads)):
        if value is None:
            raise SettingMissing(name=name)
    with _opened(found, signed=True) as ledger:
        yield ledger


@contextmanager
def _opened(found: Settings, *, signed: bool) -> "Iterator[Ledger]":
    from golive.ledger import Ledger, Signer

    signer = None
    if signed and found.signing_key:
        try:
            signer = Signer.load(found.signing_key)
        except OSError as error:
            raise _unusable("GOLIVE_SIGNING_KEY", found.signing_key, error) from error
    ledger = Ledger(found.ledger or Secret(""), signer=signer, heads=found.heads)
    try:
        yield ledger
    finally:
        ledger.close()


def public_keys(found: Settings) -> "PublicKeys":
    """The keys that are trusted: those named, else the public half of the signing key. Raises ``SettingMissing``."""
    from golive.ledger import load_public_keys

    path = found.public_keys or (found.signing_key.with_suffix(".pub") if found.signing_key else None)
    if path is None:
        raise SettingMissing(name="GOLIVE_PUBLIC_KEYS")
    try:
        return load_public_keys(path)
    except OSError as error:
        raise _unusable("GOLIVE_PUBLIC_KEYS", path, error) from error


def _unusable(name: str, path: Path, error: OSError) -> SettingUnusable:
    return SettingUnusable(name=name, path=path, cause=error.strerror or str(error))
