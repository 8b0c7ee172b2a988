"""Settings: ``etc/app.conf`` says what this environment is, the process environment says where to listen."""

import os
from dataclasses import dataclass, field
from pathlib import Path

KEYS = (
    "environment_title", "database_host", "database_port", "database_name", "database_user", "database_password",
)  # fmt: skip


@dataclass(frozen=True)
class Config:
    """What one running instance needs to know."""

    version: str
    environment: str
    address: tuple[str, int]
    database: dict[str, str] = field(repr=False)


def load(path: Path) -> Config:
    """Read ``key = value`` lines from ``path``, VERSION beside the code, and HOST and PORT from the environment."""
    values = dict(_pair(line, path) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise SystemExit(f"{path}: missing {', '.join(missing)}")
    return Config(
        version=(Path(__file__).parents[1] / "VERSION").read_text(encoding="utf-8").strip(),
        environment=values["environment_title"],
        address=(os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])),
        database={
            "host": values["database_host"],
            "port": values["database_port"],
            "dbname": values["database_name"],
            "user": values["database_user"],
            "password": values["database_password"],
        },
    )


def _pair(line: str, path: Path) -> tuple[str, str]:
    key, separator, value = line.partition(" = ")
    if not separator:
        raise SystemExit(f"{path}: not a 'key = value' line: {line!r}")
    return key.strip(), value
