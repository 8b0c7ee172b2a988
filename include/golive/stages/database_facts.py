"""What the administrator and the application may do in a database, looked at before anything is changed."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golive.checks.values import Result, Verdict
from golive.release.environment import DatabaseEntry
from golive.stages.database_worker import MAINTENANCE, Connections, connected
from golive.stages.errors import DatabaseFailed, DatabaseUnreachable
from golive.texts import text

if TYPE_CHECKING:
    from golive.stages.bench import Bench

_RIGHTS = """
SELECT r.rolsuper, r.rolcreatedb, r.rolcreaterole, d.oid IS NOT NULL, o.oid IS NOT NULL,
       d.oid IS NULL OR has_database_privilege(d.oid, 'CREATE'),
       o.oid IS NULL OR pg_has_role(o.oid, 'MEMBER')
FROM pg_roles r
LEFT JOIN pg_database d ON d.datname = %(database)s
LEFT JOIN pg_roles o ON o.rolname = %(role)s
WHERE r.rolname = current_user
"""


@dataclass(frozen=True)
class Rights:
    """What an administrator may do, and what is there already, in the order of the query."""

    superuser: bool
    makes_databases: bool
    makes_roles: bool
    has_database: bool
    has_role: bool
    makes_schemas: bool
    is_member: bool


async def observe_databases(bench: "Bench") -> tuple[Verdict, ...]:
    """One verdict a database of the environment; one that does not answer is inconclusive and hides no other."""
    databases = bench.scope.environment.databases
    return tuple(await asyncio.gather(*(asyncio.to_thread(_verdict, bench, name) for name in databases)))


def _verdict(bench: "Bench", name: str) -> Verdict:
    locale, label = bench.scope.manifest.locale, f"facts/database:{name}"
    try:
        problems = lacking(bench.scope.connections, bench.scope.environment.databases[name], locale)
    except DatabaseUnreachable as error:
        return Verdict(label, Result.INCONCLUSIVE, error.message(locale))
    except DatabaseFailed as error:
        return Verdict(label, Result.FAIL, error.message(locale))
    return Verdict(label, Result.FAIL if problems else Result.PASS, "; ".join(problems))


def lacking(connections: Connections, entry: DatabaseEntry, locale: str) -> tuple[str, ...]:
    """Everything for which the administrator lacks the right, a line each. Changes nothing.

    Where the database is there already, its application must be able to log in. Raises ``DatabaseFailed`` leaves.
    """
    admin = connections(entry.admin)
    with connected(admin, MAINTENANCE) as session:
        row = session.execute(_RIGHTS, {"database": entry.name, "role": entry.role}).fetchone()
    if row is None:
        raise DatabaseFailed(database=MAINTENANCE, cause=admin.user)
    rights = Rights(*row)
    if rights.has_database and rights.has_role:
        _log_in(connections, entry)
    data = {"connection": entry.admin, "user": admin.user, "database": entry.name, "role": entry.role}
    return tuple(text(f"stages.{key}", locale, **data) for key in _missing(rights))


def _missing(rights: Rights) -> list[str]:
    """The keys of what is missing. Databases are always made: a backup is proved by a restore into a fresh one."""
    if rights.superuser:
        return []
    found = [] if rights.makes_databases else ["may_not_create_databases"]
    if not rights.has_role and not rights.makes_roles:
        found.append("may_not_create_roles")
    if rights.has_role and not rights.has_database and not rights.is_member:
        found.append("not_member_of_role")
    if rights.has_database and not rights.makes_schemas:
        found.append("may_not_create_in_database")
    return found


def _log_in(connections: Connections, entry: DatabaseEntry) -> None:
    with connected(connections(entry.connection), entry.name) as session:
        session.execute("SELECT 1")
