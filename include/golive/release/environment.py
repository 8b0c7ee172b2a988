"""An environment as its operators write it: hosts, databases, balancers and variables. No credential is in it."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from golive.canonical import Digest, digest
from golive.release.base import Localized, Model
from golive.release.parsing import parse, restore
from golive.release.references import ENVIRONMENT_REFERENCES
from golive.release.rules import ENVIRONMENT_RULES
from golive.release.shapes import (
    AbsolutePath,
    Address,
    Command,
    Connection,
    Count,
    DatabaseName,
    HostPath,
    Hours,
    Name,
    Port,
    User,
    Value,
    Variable,
)
from golive.release.yaml import read_file


def _is_public_key(line: str) -> str:
    if line.count(" ") != 1:
        raise PydanticCustomError("host_key", "not one public key line")
    try:
        key = load_ssh_public_key(line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm, UnicodeEncodeError) as error:
        raise PydanticCustomError("host_key", "not a public key") from error
    if isinstance(key, RSAPublicKey) and key.key_size < 2048:
        raise PydanticCustomError("host_key_weak", "too short")
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey):
        raise PydanticCustomError("host_key_weak", "not a kind of key that is trusted")
    return line


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        # An unknown name is a KeyError, a path outside the zones a ValueError, a folder of zones an OSError.
        raise PydanticCustomError("unknown_time_zone", "no such time zone") from error
    return name


HostKey = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_is_public_key)]
TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_is_zone)]


class HostEntry(Model):
    """A host: where it is, which public key it must prove to hold, and the Airflow connection for logging in.

    ``variables`` stand before those of the environment on this host: its ports, where several share an address.
    """

    role: Name
    address: Address
    port: Port = 22
    user: User
    host_key: HostKey
    connection: Connection
    variables: Mapping[Variable, Value] = Field(default_factory=dict)


class DatabaseEntry(Model):
    """A database ``name``, owned by ``role``.

    ``connection`` is the application's login; ``admin`` the one that makes the database and its role, and backs it
    up. ``host``: where its backups are made; ``backup_keep``: how many stay; the age is in hours.
    """

    admin: Connection
    connection: Connection
    name: DatabaseName
    role: DatabaseName
    host: Name
    backup_keep: Count = 7
    backup_maximum_age_hours: Hours = 26


class BalancerEntry(Model):
    """A balancer on ``host``, answering at ``port`` of its address for the hosts of ``component``.

    ``upstream_file`` is written in the deploy user's home; ``reload`` and ``status`` are run there.
    """

    host: Name
    port: Port
    component: Name
    upstream_file: HostPath
    reload: Command
    status: Command


class CertificateEntry(Model):
    """A TLS endpoint on ``host`` whose certificate must stay valid for ``minimum_days`` more."""

    host: Name
    port: Port
    minimum_days: Count = 21


class Environment(Model):
    """``variables`` fill templates and give ports; ``tools`` says where programs are on the hosts."""

    format: Literal[1] = Field(alias="schema")
    environment: Name
    title: Localized
    timezone: TimeZone
    hosts: Annotated[Mapping[Name, HostEntry], Field(min_length=1)]
    databases: Mapping[Name, DatabaseEntry] = Field(default_factory=dict)
    balancers: Mapping[Name, BalancerEntry] = Field(default_factory=dict)
    certificates: Mapping[Name, CertificateEntry] = Field(default_factory=dict)
    variables: Mapping[Variable, Value] = Field(default_factory=dict)
    tools: Mapping[Name, AbsolutePath] = Field(default_factory=dict)

    @cached_property
    def digest(self) -> Digest:
        """What a plan and an approval bind to."""
        return digest(self.as_data())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def hosts_with_role(self, role: str) -> tuple[str, ...]:
        """Names of the hosts that have a role, in the order of the file."""
        return tuple(name for name, host in self.hosts.items() if host.role == role)

    def variables_on(self, host: str) -> dict[str, str]:
        """The variables as a host has them."""
        return {**self.variables, **self.hosts[host].variables}

    def connection_of(self, source: str) -> str:
        """The Airflow connection that a secret's ``connection`` means: an id, or ``database/NAME`` for that of NAME.

        Raises ``KeyError`` for an unknown database, which ``check_fit`` finds before.
        """
        database = source.removeprefix("database/")
        return source if database == source else self.databases[database].connection


def load_environment(path: Path) -> Environment:
    """The environment in a file. Raises ``ManifestInvalid`` with every problem."""
    return parse_environment(read_file(path), str(path))


def parse_environment(text: str | bytes, source: str) -> Environment:
    """The environment in a YAML text; ``source`` names it in problems. Raises ``ManifestInvalid``."""
    return parse(Environment, text, source, ENVIRONMENT_REFERENCES, ENVIRONMENT_RULES)


def environment_from_data(data: Mapping[str, Any]) -> Environment:
    """The inverse of ``Environment.as_data``. Raises ``ManifestInvalid``."""
    return restore(Environment, data, "environment")
