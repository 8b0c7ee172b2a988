"""Builders of what is sent to a host, and readers of what it answers. Nothing here runs anything.

Each builder returns one line for the remote shell: a fixed script of ``scripts/`` with its arguments as quoted words.
The answer's first line is ``GOLIVE <word> <rest>``; what follows it is the operation's output.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from golive.hosts.errors import WordRefused
from golive.hosts.host import Known
from golive.hosts.shell import path, sh
from golive.hosts.values import Command, Operation, Outcome, Status, Upload
from golive.secret import Secret

REQUIRED_COMMANDS = (
    "sh", "setsid", "flock", "tar", "gzip", "sha256sum", "mkdir", "mv", "ln", "cat", "kill", "df",
    "rm", "chmod", "sleep", "tail", "wc", "sync", "find",
)  # fmt: skip
"""What a host must have; all of it is in Debian's and Red Hat's base and in busybox."""

SEND = b"GOLIVE send\n"
"""The host's word that it wants the file now."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ATTACHED = 'exec 2>&1; umask 077; [ -n "$HOME" ] && cd "$HOME" || exit 91; exec sh -c "$1"'


def run(command: Command) -> str:
    """A command attached to the session, in the home directory, both streams in one."""
    return sh("exec sh -c {script} golive {command}", script=_ATTACHED, command=command.script)


def start(operation: Operation) -> str:
    """Start or attach. Its input travels on stdin."""
    size = len(stdin_of(operation.command))
    wrapper = _script("process") + _script("wrapper")
    return _line("start", _checked(operation.id), operation.token, size, operation.command.script, wrapper)


def status(operation_id: str, *, wait: bool = False) -> str:
    """Ask; with ``wait`` the host answers when the operation ended or after about 20 s."""
    return _line("status", _checked(operation_id), "wait" if wait else "ask")


def cancel(operation_id: str, grace: int) -> str:
    """TERM, ``grace`` seconds, KILL."""
    return _line("cancel", _checked(operation_id), grace)


def listing() -> str:
    return _line("list")


def prune(days: int) -> str:
    """Forget operations that ended more than ``days`` days ago. The ids to keep travel on stdin."""
    return _line("prune", days)


def raise_fence(token: int) -> str:
    return _line("fence", token)


def upload(upload: Upload) -> str:
    """Take a file on stdin once the host has said ``SEND``. ``target`` may not leave the home directory."""
    if upload.target.startswith("/") or ".." in upload.target.split("/"):
        raise WordRefused(word=repr(upload.target), cause="it leaves the home directory")
    digest = upload.digest.removeprefix("sha256:")
    return _line("upload", path(upload.target), digest, f"{upload.mode:04o}", upload.token)


def stdin_of(command: Command) -> bytes:
    """The bytes that travel beside the script."""
    if isinstance(command.stdin, Secret):
        return command.stdin.reveal().encode()
    return command.stdin or b""


@dataclass(frozen=True)
class Report:
    """A host's answer: ``word`` and the ``rest`` of its line, and what followed it."""

    word: str
    rest: str
    body: str


def read_report(answer: bytes) -> Report | None:
    """The report in an answer; None where there is none. What a login shell printed before it is passed over."""
    match = re.search(rb"(?:\A|\n)GOLIVE (?!send\n)([a-z]+) ?([^\n]*)\n", answer)
    if not match:
        return None
    return Report(match[1].decode(), decode(match[2]), decode(answer[match.end() :]))


def outcome_of(word: str, rest: str, output: str = "") -> Outcome:
    """An operation's state as an outcome: ``absent``, ``running``, ``lost``, ``finished <code>``."""
    code = int(rest) if word == Status.FINISHED else None
    return Outcome(Status(word), code, output)


def read_listing(body: str) -> tuple[Known, ...]:
    """The lines of ``listing``: ``<id> <token> <word> [<code>]``."""
    rows = (line.split(" ", 3) for line in body.splitlines())
    return tuple(Known(row[0], int(row[1]), outcome_of(row[2], "".join(row[3:]))) for row in rows)


def decode(tail: bytes) -> str:
    """Output as text. Its beginning may have been cut inside a character; that piece is dropped."""
    start = next((i for i, byte in enumerate(tail[:3]) if byte & 0xC0 != 0x80), min(3, len(tail)))
    return tail[start:].decode("utf-8", errors="replace")


def _line(name: str, *arguments: str | int) -> str:
    script = _script("process") + _script("prelude") + _script(name)
    return sh("exec sh -c {script} golive {arguments}", script=script, arguments=arguments)


@cache
def _script(name: str) -> str:
    """A script without its lines of comment: they are for us, and a host shows every word in its process list."""
    text = (files(__package__) / "scripts" / f"{name}.sh").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _checked(operation_id: str) -> str:
    if not _IDENTIFIER.fullmatch(operation_id):
        raise WordRefused(word=repr(operation_id), cause="not an operation id")
    return operation_id
