"""Up, down and up again on a restored copy: before production, a way back is walked once."""

import secrets
from collections.abc import Sequence

import psycopg

from golive.migration.ddl.running import Attempt, Say, migrate_down, migrate_up
from golive.migration.ddl.scripts import Script
from golive.migration.endpoint import Endpoint
from golive.migration.errors import SchemaNotRestored

_SHAPE = """
SELECT 'relation ' || c.relkind::text || ' ' || n.nspname || '.' || c.relname || coalesce(' ' || a.columns, '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                      pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY attname) AS columns
    FROM pg_attribute LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
WHERE n.nspname NOT IN ('information_schema', 'golive', 'golive_migration') AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE n.nspname NOT IN ('information_schema', 'golive', 'golive_migration') AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('information_schema', 'golive', 'golive_migration') AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
UNION ALL
SELECT 'function ' || p.oid::regprocedure || ' ' || md5(pg_get_functiondef(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND n.nspname NOT IN ('information_schema', 'golive', 'golive_migration')
  AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'type ' || n.nspname || '.' || t.typname || ' ' || t.typtype::text || coalesce(' ' || e.labels, '')
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN LATERAL (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS labels FROM pg_enum
                   WHERE enumtypid = t.oid) e ON true
WHERE t.typtype IN ('e', 'd', 'r') AND n.nspname NOT IN ('information_schema', 'golive', 'golive_migration')
  AND n.nspname !~ '^pg_'
"""


def rehearse(copy: Endpoint, scripts: Sequence[Script], say: Say, owner: str = "") -> tuple[str, ...]:
    """Runs the pending scripts on ``copy`` up, down and up; the names of what was rehearsed.

    Raises ``SchemaNotRestored`` when *down* left anything, and whatever a script does wrong. Scripts that say they
    are irreversible are run up once, and *down* is not asked of them.
    """
    attempt = Attempt(f"rehearsal.{secrets.token_hex(8)}", _token(copy), owner)
    before = schema_shape(copy)
    ran = migrate_up(copy, scripts, attempt, say)
    if any(script.irreversible for script in scripts if str(script) in ran):
        return ran
    migrate_down(copy, attempt, say)
    after = schema_shape(copy)
    if before != after:
        raise SchemaNotRestored(difference="; ".join(sorted(before ^ after)[:10]))
    return migrate_up(copy, scripts, attempt, say)


def schema_shape(database: Endpoint) -> frozenset[str]:
    """Every relation, constraint, index, trigger, function and type of a database, a line each."""
    with database.session("shape") as session:
        return frozenset(str(row[0]) for row in session.execute(_SHAPE))


def _token(copy: Endpoint) -> int:
    """A copy has its original's fence, and nobody to fence: the highest token is ours."""
    with copy.session("shape") as session:
        try:
            row = session.execute("SELECT token FROM golive.fence").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
        return int(row[0]) if row else 0
