"""The target gets the source's schema: everything but the rows, in one transaction, by ``pg_dump``.

Owners are not taken over, everything belongs to the target's login; privileges are, for roles that the target has.
"""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg

from golive.migration.catalogue import read_catalogue
from golive.migration.control import check_fence, install_control
from golive.migration.endpoint import CONNECT_SECONDS, LOCK_MILLISECONDS, Endpoint
from golive.migration.errors import CloneFailed, CloneRefused
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Table

DUMP_SECONDS = 600
OURS = ("golive", "golive_migration", "golive_capture")
OPTIONS = (
    "--schema-only", "--no-owner", "--no-large-objects", "--no-publications", "--no-subscriptions",
    f"--lock-wait-timeout={LOCK_MILLISECONDS}", "--no-password", *(f"--exclude-schema={name}" for name in OURS),
)  # fmt: skip

_GRANTED = """
SELECT DISTINCT r.rolname FROM (
    SELECT relacl FROM pg_class WHERE relnamespace >= 16384 OR relnamespace = 'public'::regnamespace
    UNION ALL SELECT nspacl FROM pg_namespace WHERE oid >= 16384
    UNION ALL SELECT proacl FROM pg_proc WHERE pronamespace >= 16384 OR pronamespace = 'public'::regnamespace
    UNION ALL SELECT typacl FROM pg_type WHERE typnamespace >= 16384 OR typnamespace = 'public'::regnamespace
) given (acl), aclexplode(given.acl) a JOIN pg_roles r ON r.oid = a.grantee ORDER BY 1"""
_ROLES = "SELECT rolname FROM pg_roles"


def clone_schema(
    source: Endpoint, target: Endpoint, pg_dump: Path, token: int = 0, seconds: int = DUMP_SECONDS
) -> bool:
    """Whether anything was made: called again, or where the schema stands already, it makes nothing.

    ``pg_dump`` is the program, of the source's version or later. Raises ``CloneRefused`` where another schema stands
    in the way or a role is missing, ``CloneFailed`` where the program does not end well, ``ServerFailed``.
    """
    with source.session("clone") as there, target.session("clone") as here:
        wanted, found = read_catalogue(there), read_catalogue(here)
        _refuse_missing_roles(there, here, str(target))
        different = differences(wanted, found)
        if not different:
            return False
        if found.tables:
            raise CloneRefused(database=str(target), cause=", ".join(map(str, different[:20])))
        script = plain_script(dump(source, pg_dump, seconds), found.version)
        install_control(here)
        with here.transaction():
            here.execute(script.encode())
            here.execute("SET search_path TO pg_catalog")
            check_fence(here, token)
    return True


def dump(source: Endpoint, pg_dump: Path, seconds: int) -> str:
    """The schema as SQL. The password travels in the environment, which other users cannot see."""
    facts = {
        "PGHOST": source.host,
        "PGPORT": str(source.port),
        "PGUSER": source.user,
        "PGDATABASE": source.database,
        "PGSSLMODE": source.encryption,
        "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
        "PGCLIENTENCODING": "UTF8",
        "PGAPPNAME": "golive clone",
        "PATH": os.environ.get("PATH", os.defpath),
    }
    password = {"PGPASSWORD": source.password.reveal()} if source.password else {}
    try:
        ended = subprocess.run(
            [str(pg_dump), *OPTIONS], env={**facts, **password}, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CloneFailed(program=str(pg_dump), cause=f"no end within {seconds} s") from error
    except OSError as error:
        raise CloneFailed(program=str(pg_dump), cause=error.strerror or str(error)) from error
    if ended.returncode:
        cause = ended.stderr.decode(errors="replace").strip()[-2000:]
        raise CloneFailed(program=str(pg_dump), cause=cause or f"exit status {ended.returncode}")
    return ended.stdout.decode()


def plain_script(script: str, version: int) -> str:
    """SQL that a server takes: without what only ``psql`` knows, and without settings that an older server lacks."""
    guard = re.search(r"^\\restrict (\w+)$", script, re.MULTILINE)
    if guard:
        for word in ("restrict", "unrestrict"):
            script = re.sub(rf"^\\{word} {guard[1]}$", "", script, flags=re.MULTILINE)
    if version < 170000:
        script = re.sub(r"^SET transaction_timeout = 0;$", "", script, flags=re.MULTILINE)
    return script


def differences(wanted: Catalogue, found: Catalogue) -> tuple[TableName, ...]:
    """The tables that are not the same on both sides, but for their size, their owner and our rights."""
    names = wanted.tables.keys() | found.tables.keys()
    return tuple(sorted(name for name in names if _bare(wanted, name) != _bare(found, name)))


def _bare(catalogue: Catalogue, name: TableName) -> Table | None:
    table = catalogue.tables.get(name)
    if table is None:
        return None
    columns = tuple(replace(column, number=place) for place, column in enumerate(table.columns))
    return replace(
        table, columns=columns, bytes=0, rows=0, hides_rows=False, selectable=True, owned=True, replica_identity="",
    )  # fmt: skip


def _refuse_missing_roles(source: psycopg.Connection, target: psycopg.Connection, database: str) -> None:
    granted = {name for (name,) in source.execute(_GRANTED).fetchall()}
    missing = granted - {name for (name,) in target.execute(_ROLES).fetchall()}
    if missing:
        raise CloneRefused(database=database, cause=", ".join(sorted(missing)))
