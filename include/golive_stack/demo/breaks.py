"""What the demo breaks, for real: a full disk, a file changed on a host, an old version that cannot start again."""

from collections.abc import Callable
from pathlib import Path

from golive_stack import hosts
from golive_stack.home import Home
from golive_stack.state import State

VICTIM = "app2"
FULL_DISK_KB = 4
"""Nothing larger can be written on the host: what a full disk looks like to a program."""


def fill_disk(home: Home) -> None:
    """From now on nothing of any size fits on one production host."""
    hosts.restart(home, "production", VICTIM, limit_file_kb=FULL_DISK_KB)


def repair_disk(home: Home) -> None:
    """There is room again."""
    if State(home.state).option(f"{hosts.find('production', VICTIM).process}/limit_file_kb"):
        hosts.restart(home, "production", VICTIM)


def change_new_release(home: Home) -> None:
    """The installed new version on one production host is changed after it was checked: it does not start any more."""
    for release in _releases(home, "2.0.0"):
        _spoil(release / "contact_center" / "pages.py", "\nraise RuntimeError('changed on the host')\n")


def change_old_release(home: Home) -> None:
    """The old version on the same host cannot start any more either, so that the rollback must fail."""
    change_new_release(home)
    for release in _releases(home, "1.0.0"):
        _spoil(release / "bin" / "serve", "\nexit 1\n", first=True)


def mend_old_release(home: Home) -> None:
    """Takes back what ``change_old_release`` did."""
    for release in _releases(home, "1.0.0"):
        kept = release / "bin" / "serve.whole"
        if kept.exists():
            kept.replace(release / "bin" / "serve")


def _releases(home: Home, version: str) -> list[Path]:
    folder = home.host("production", VICTIM) / "home" / "components" / "api" / "releases"
    return sorted(folder.glob(f"{version}-*"))


def _spoil(file: Path, words: str, *, first: bool = False) -> None:
    content = file.read_text(encoding="utf-8")
    kept = file.with_name(f"{file.name}.whole")
    if first and not kept.exists():
        kept.write_text(content, encoding="utf-8")
        kept.chmod(file.stat().st_mode)
    lines = content.split("\n", 1)
    file.write_text(f"{lines[0]}{words}{lines[1]}" if first else content + words, encoding="utf-8")


BREAKS: dict[str, tuple[str, Callable[[Home], None]]] = {
    "install": ("install", fill_disk),
    "cutover": ("cutover", change_new_release),
    "rollback": ("cutover", change_old_release),
}
"""By ``--fail``: the production stage before whose first signature it happens, and what happens."""
