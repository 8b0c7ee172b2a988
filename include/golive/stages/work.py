"""Work as values: what a step does on its target, built by pure functions and performed by ``workers``.

A step's builder returns one of these; nothing here runs anything, so a plan can be shown and compared for free.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from golive.canonical import Digest
from golive.checks.http import HttpExpectation
from golive.hosts.values import Command


@dataclass(frozen=True)
class FileWork:
    """A file from the evidence store, put on a host under ``target``."""

    content: Digest
    size: int
    target: str
    mode: int


@dataclass(frozen=True)
class HostWork:
    """A detached command on a host. ``probe`` exits 0 when the effect is in force, anything else when it is not."""

    command: Command
    probe: Command | None = None
    seconds: int = 120


@dataclass(frozen=True)
class ServiceWork:
    """A host command after which a service must answer as expected on ``port`` of the host's loopback."""

    host: HostWork
    port: int
    path: str
    expectation: HttpExpectation


@dataclass(frozen=True)
class ProvisionWork:
    """A role, a database and Golive's fence in it, made when missing. ``admin`` may create databases and roles.

    What is made is marked with ``release``: every attempt of it knows what was made for it.
    """

    admin: str
    database: str
    role: str
    role_connection: str
    release: str


@dataclass(frozen=True)
class DeprovisionWork:
    """Takes back what a ProvisionWork made for ``release``, and only that; a database that holds anything is kept."""

    admin: str
    database: str
    role: str
    release: str


@dataclass(frozen=True)
class RestoreWork:
    """A dump restored once into ``scratch`` by a host command, compared table by table with ``database``, dropped."""

    host: HostWork
    admin: str
    database: str
    scratch: str


@dataclass(frozen=True)
class RegisterWork:
    """An entry in the environment's record (monitoring, backup): the ledger itself is the target."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


DatabaseStep = Literal["schema", "schema_back", "load", "discard", "compare", "sync", "come_back"]


@dataclass(frozen=True)
class MigrationWork:
    """One step of the release's migration; what it is about stands in the manifest that the scope holds."""

    step: DatabaseStep


Work = MigrationWork | FileWork | HostWork | ServiceWork | ProvisionWork | DeprovisionWork | RestoreWork | RegisterWork
