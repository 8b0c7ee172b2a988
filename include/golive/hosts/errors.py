"""What can go wrong with a host or an archive; each carries the host (or the archive) and the cause.

    TargetError
    ├── HostUnreachable      nothing answered, or the connection was lost: not a failure of the command
    ├── HostKeyMismatch      the host is not who it should be; nothing was sent to it
    ├── LoginRefused         the host does not accept our key or password
    ├── HostUnusable         the host lacks what an operation needs, or said what we cannot read
    ├── UploadMismatch       the bytes that arrived are not the bytes that were meant
    ├── DiskFull             no room for the file; its part was removed
    └── CommandTimeout       it took too long; an operation goes on, a command was ended
    RefusedError
    └── StaleToken           the host has seen a higher token: somebody else took over
    InputError
    ├── ArchiveRefused       an archive that we do not unpack, and why
    └── WordRefused          text that cannot be a word of a command

Data: ``host`` always; ``cause`` in the words of whatever said it.
"""

from typing import Any

from golive.errors import InputError, RefusedError, TargetError
from golive.texts import text


class HostUnreachable(TargetError):
    key = "hosts.unreachable"


class HostKeyMismatch(TargetError):
    key = "hosts.host_key_mismatch"


class LoginRefused(TargetError):
    key = "hosts.login_refused"


class HostUnusable(TargetError):
    key = "hosts.unusable"


class UploadMismatch(TargetError):
    key = "hosts.upload_mismatch"


class DiskFull(TargetError):
    key = "hosts.disk_full"


class CommandTimeout(TargetError):
    key = "hosts.command_timeout"


class StaleToken(RefusedError):
    key = "hosts.stale_token"


class WordRefused(InputError):
    key = "hosts.word_refused"


class ArchiveRefused(InputError):
    """``reason`` is the tail of a catalogue key ``hosts.archive_<reason>``; ``member`` may be empty."""

    key = "hosts.archive_refused"

    def __init__(self, *, archive: str, reason: str, member: str = "") -> None:
        super().__init__(archive=archive, reason=reason, member=member)

    def message(self, locale: str) -> str:
        facts: dict[str, Any] = {**self.data, "member": repr(self.data["member"]) if self.data["member"] else "-"}
        return text(self.key, locale, why=text(f"hosts.archive_{self.data['reason']}", locale), **facts)
