"""Where the stack keeps what: ``.golive/`` of the checkout, or ``GOLIVE_HOME``."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Home:
    """The folders of one stack. Nothing of it lives outside ``root``."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state" / "stack.json"

    @property
    def lock(self) -> Path:
        return self.root / "state" / "lock"

    @property
    def processes(self) -> Path:
        """One record per process that was started."""
        return self.root / "state" / "processes"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def heads(self) -> Path:
        """The ledger's signed heads, kept outside its database."""
        return self.root / "ledger" / "heads"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    def host(self, environment: str, name: str) -> Path:
        """What the stack keeps about one SSH host: its keys, its server's files, and ``home``."""
        return self.root / "hosts" / environment / name

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folders, private to their owner."""
        for folder in (self.state.parent, self.processes, self.logs, self.keys, self.environments, self.postgres):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.state.parent, self.keys, self.logs):
            folder.chmod(0o700)


def default_home() -> Home:
    """``GOLIVE_HOME`` if set, else ``.golive`` of the checkout."""
    return Home(Path(os.environ.get("GOLIVE_HOME") or REPOSITORY / ".golive").resolve())
