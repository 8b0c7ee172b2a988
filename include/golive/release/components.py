"""What is delivered: components with their artifact, configuration, service and health, and the checks."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from golive.release.base import Localized, Model
from golive.release.people import Stage
from golive.release.shapes import (
    ArchiveFile,
    Command,
    ConnectionReference,
    Count,
    HostPath,
    LocalFile,
    Megabytes,
    Milliseconds,
    Mode,
    Name,
    PortOrVariable,
    Seconds,
    Sha256,
    Text,
    UrlPath,
    Variable,
    Variables,
    Version,
)


class Artifact(Model):
    """An archive beside the manifest, and the digest that it must have."""

    file: ArchiveFile
    digest: Sha256


class Requirements(Model):
    """What a host must offer before anything is put on it; ``commands`` are looked up on its PATH."""

    disk_mb: Megabytes = 0
    memory_mb: Megabytes = 0
    commands: tuple[Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.+-]{0,62}$")], ...] = ()


class Template(Model):
    """A configuration file: ``source`` beside the manifest, ``target`` inside the unpacked release."""

    source: LocalFile
    target: HostPath
    mode: Mode


class SecretReference(Model):
    """A secret by reference: ``field`` of an Airflow connection.

    ``connection`` is the connection's id, or ``database/NAME`` for that of the environment's database NAME.
    """

    connection: ConnectionReference
    field: Literal["password", "user", "private_key"]


class Health(Model):
    """How a started service shows that it serves: asked up to ``attempts`` times, ``interval_ms`` apart."""

    path: UrlPath
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: Text | None = None
    timeout_seconds: Seconds = 5
    attempts: Count = 40
    interval_ms: Milliseconds = 250


class Service(Model):
    """What runs. ``command`` starts in the unpacked release; ports of 0 are the environment's variables
    ``<component>_port`` and ``<component>_check_port``. ``writes``: folders in the release into which it may write;
    any other file beside the artifact's is a change of the release."""

    command: Command
    writes: tuple[HostPath, ...] = ()
    port: PortOrVariable = 0
    check_port: PortOrVariable = 0
    stop_seconds: Seconds = 10
    health: Health


class Component(Model):
    """A part that is installed on every host of the environment that has ``role``."""

    title: Localized
    version: Version
    artifact: Artifact
    role: Name
    requirements: Requirements = Requirements()
    templates: tuple[Template, ...] = ()
    variables: Variables = ()
    secrets: Mapping[Variable, SecretReference] = Field(default_factory=dict)
    service: Service


class Check(Model):
    """A check from outside, through the balancer. ``maximum_ms``: the slowest answer that still passes."""

    name: Name
    stage: Stage
    kind: Literal["http"]
    path: UrlPath
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: Text | None = None
    timeout_seconds: Seconds = 5
    attempts: Count = 10
    interval_ms: Milliseconds = 250
    maximum_ms: Milliseconds | None = None
