"""Processes as the kernel tells of them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """What a component's process record says: ``pid boot born release port``."""

    pid: int
    boot: str
    born: str
    release: str
    port: int

    @property
    def alive(self) -> bool:
        return self.boot == boot() and born(self.pid) == self.born


def service(record: Path) -> Service | None:
    """The record of a component's process under a name; None where there is none."""
    if not record.exists():
        return None
    pid, boot_id, start, release, port = record.read_text(encoding="utf-8").split()
    return Service(int(pid), boot_id, start, release, int(port))


def boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def born(pid: int) -> str | None:
    """When a process started, in clock ticks; None when it is gone or a zombie."""
    words = _stat(pid)
    return words[19] if words and words[0] not in "ZX" else None


def session_of(pid: int) -> int | None:
    words = _stat(pid)
    return int(words[3]) if words else None


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(") ")[2].split()


def living() -> list[int]:
    """Every process that is not a zombie."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and born(int(entry.name))]


def working_in(folder: Path) -> dict[int, Path]:
    """The living processes whose working directory is in ``folder``, by pid."""
    found = {}
    for pid in living():
        try:
            place = Path(f"/proc/{pid}/cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(folder.resolve()):
            found[pid] = place
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
