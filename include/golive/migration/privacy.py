"""What may be shown of a row. Reports, logs and the ledger cannot forget, so they get keyed hashes and masks."""

import hmac
import secrets
from dataclasses import dataclass, field

import psycopg

from golive.migration.control import CONTROL
from golive.migration.flow import Classification, Flow
from golive.migration.settings import Migration
from golive.secret import Secret

MASK = "•••"
NULL = "∅"
_HEX = 16


@dataclass(frozen=True)
class Veil:
    """Shows values of a migration's columns. The same value of the same column always gives the same keyed hash, so
    that two reports can be laid side by side; who lacks the secret cannot try values out."""

    secret: Secret = field(default_factory=lambda: Secret(secrets.token_hex(32)))

    def keyed(self, place: str, value: str) -> str:
        """A keyed hash, 64 bits in hex; ``place`` (table and column) keeps equal values of two columns apart."""
        message = f"{place}\x00{value}".encode()
        return "#" + hmac.new(self.secret.reveal().encode(), message, "sha256").hexdigest()[:_HEX]

    def value(self, place: str, value: str | None, kind: Classification) -> str:
        """Public: as it is. Internal: keyed. Personal: masked. A missing value says nothing of anybody."""
        if value is None:
            return NULL
        if kind is Classification.PUBLIC:
            return value
        return self.keyed(place, value) if kind is Classification.INTERNAL else MASK

    def key(self, flow: Flow, values: tuple[str | None, ...]) -> str:
        """A row's key: ``order_no=#1f…``. Personal columns too are keyed here, since a key must tell rows apart."""
        shown = []
        for name, value in zip(flow.key, values, strict=True):
            kind = kind_of(flow, name)
            kind = Classification.INTERNAL if kind is Classification.PERSONAL else kind
            shown.append(f"{name}={self.value(f'{flow.target}.{name}', value, kind)}")
        return ", ".join(shown)


def kind_of(flow: Flow, name: str) -> Classification:
    """A target column's classification; personal when the flow does not know the column."""
    return next((column.classification for column in flow.columns if column.name == name), Classification.PERSONAL)


def veil_of(migration: Migration) -> Veil:
    """The migration's own, from its secret on the target; one of the moment where nothing was begun there yet."""
    with migration.target.session("privacy") as session:
        return veil_in(session, migration)


def veil_in(target: psycopg.Connection, migration: Migration) -> Veil:
    """As ``veil_of``, in a session that is open."""
    found = _secret(target, migration.name)
    return Veil(Secret(found)) if found else Veil()


def _secret(session: psycopg.Connection, name: str) -> str | None:
    there = session.execute("SELECT to_regclass(%s)", (f"{CONTROL}.migration",)).fetchone()
    if there is None or there[0] is None:
        return None
    row = session.execute("SELECT secret FROM golive_migration.migration WHERE name = %s", (name,)).fetchone()
    return str(row[0]) if row else None
