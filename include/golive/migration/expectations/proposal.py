"""The suites that a migration proposes, with what only the target knows: which of its columns must be filled."""

from golive.migration.analysis.values import Profile
from golive.migration.comparing import reading
from golive.migration.expectations.suite import Suite, proposed
from golive.migration.names import TableName, literal
from golive.migration.settings import Migration

_REQUIRED = """
SELECT attname::text FROM pg_attribute
WHERE attrelid = {table}::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped
"""


def propose(migration: Migration, profile: Profile) -> tuple[Suite, ...]:
    """One suite for each flow. Raises ``ServerUnreachable``, ``ServerFailed`` where a target table is missing."""
    return proposed(profile, migration.flows, required(migration))


def required(migration: Migration) -> dict[TableName, frozenset[str]]:
    """Each target table's NOT NULL columns."""
    with reading(migration.target) as target:
        return {
            flow.target: frozenset(name for (name,) in target.all(_REQUIRED.format(table=literal(flow.target.sql))))
            for flow in migration.flows
        }
