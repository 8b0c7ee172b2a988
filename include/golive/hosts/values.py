"""What the hosts package speaks in: addresses, credentials, commands, operations, outcomes."""

from dataclasses import dataclass
from enum import StrEnum

from golive.canonical import Digest
from golive.secret import Secret


@dataclass(frozen=True)
class HostAddress:
    """Where a host is and who it must prove to be. ``host_key``: its public key line, ``ssh-ed25519 AAAA…``."""

    name: str
    address: str
    port: int
    user: str
    host_key: str


@dataclass(frozen=True)
class Credentials:
    """How we prove who we are. ``private_key`` is OpenSSH or PEM text."""

    private_key: Secret | None = None
    passphrase: Secret | None = None
    password: Secret | None = None


@dataclass(frozen=True)
class Command:
    """POSIX sh to run in the deploy user's home. Built by pure functions; words are quoted by ``shell.sh`` only.

    ``stdin`` travels apart from the script, so a secret or a file's content never shows in a command line.
    """

    name: str
    script: str
    stdin: bytes | Secret | None = None


@dataclass(frozen=True)
class Operation:
    """A command that matters: run detached, once, under ``id``; refused if a token above ``token`` was seen."""

    id: str
    token: int
    command: Command


class Status(StrEnum):
    """What the host says of an operation."""

    ABSENT = "absent"
    RUNNING = "running"
    FINISHED = "finished"
    LOST = "lost"
    """Started, not running any more, and no exit status: killed or rebooted away. Probe the target."""


@dataclass(frozen=True)
class Outcome:
    """An operation as the host reports it. ``exit_status`` is set only when FINISHED; ``output`` is its tail."""

    status: Status
    exit_status: int | None = None
    output: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status is Status.FINISHED and self.exit_status == 0


@dataclass(frozen=True)
class Upload:
    """A file to be put at ``target`` (relative to the home) with its digest checked before it gets its name."""

    target: str
    digest: Digest
    size: int
    mode: int
    token: int
