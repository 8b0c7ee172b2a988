"""The queries of a profile; pure."""

from collections.abc import Mapping

from golive.migration.analysis.patterns import CASTS, LOOKS_LIKE
from golive.migration.names import TableName, literal, quoted

SAMPLE = 10_000
TEXTS = frozenset({"text", "character varying", "character", "bpchar"})
ORDERED = frozenset({
    "smallint", "integer", "bigint", "numeric", "real", "double precision", "date", "timestamp without time zone",
    "timestamp with time zone", "time without time zone",
})  # fmt: skip
ODD: dict[str, dict[str, str]] = {
    "numeric": {"not_a_number": "{v} = 'NaN'"},
    "real": {"not_a_number": "{v} = 'NaN'", "infinite": "{v} IN ('Infinity', '-Infinity')"},
    "double precision": {"not_a_number": "{v} = 'NaN'", "infinite": "{v} IN ('Infinity', '-Infinity')"},
    "date": {
        "infinite": "NOT isfinite({v})",
        "implausible": "isfinite({v}) AND {v} NOT BETWEEN '1900-01-01' AND '2100-01-01'",
    },
    "timestamp without time zone": {
        "infinite": "NOT isfinite({v})",
        "implausible": "isfinite({v}) AND {v} NOT BETWEEN '1900-01-01' AND '2100-01-01'",
    },
    "timestamp with time zone": {
        "infinite": "NOT isfinite({v})",
        "implausible": "isfinite({v}) AND {v} NOT BETWEEN '1900-01-01Z' AND '2100-01-01Z'",
    },
}
"""Type → what is odd about a value of it, as a condition."""

COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), s.n_distinct
FROM pg_attribute a
LEFT JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
  AND s.inherited = (c.relkind = 'p')
WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEYS = """
SELECT x.indisprimary, array_agg(a.attname::text ORDER BY u.o)
FROM pg_index x, unnest(x.indkey) WITH ORDINALITY u(n, o), pg_attribute a
WHERE x.indrelid = {table}::regclass AND x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL
  AND a.attrelid = x.indrelid AND a.attnum = u.n AND u.o <= x.indnkeyatts
GROUP BY x.indexrelid, x.indisprimary ORDER BY 1 DESC
"""


def looks(table: TableName, columns: tuple[str, ...]) -> str:
    """For each text column: how many of a sample are not empty, and how many match each pattern."""
    items = []
    for name in columns:
        value = quoted(name)
        filled = f"{value} <> ''"
        items.append(f"count(*) FILTER (WHERE {filled})")
        items += [f"count(*) FILTER (WHERE {filled} AND {matches(value, LOOKS_LIKE[look])})" for look in LOOKS_LIKE]
    return f"SELECT {', '.join(items)} FROM (SELECT * FROM {table.sql} LIMIT {SAMPLE}) sample"


def figures(table: TableName, items: Mapping[str, str]) -> str:
    """One scan: rows, then every aggregate of ``items``."""
    return f"SELECT {', '.join(('count(*)', *items.values()))} FROM {table.sql}"


def counted(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def matches(value: str, pattern: str) -> str:
    return f"{value}::text ~ {literal(pattern).strip()}"


def unfit(value: str, look: str, version: int) -> str:
    """A text that is not what the others of its column are."""
    filled = f"{value} <> ''"
    if look in CASTS and version >= 160000:
        return f"{filled} AND NOT pg_input_is_valid({value}::text, '{CASTS[look]}')"
    return f"{filled} AND NOT ({matches(value, LOOKS_LIKE[look])})"


def duplicates(table: TableName, columns: tuple[str, ...]) -> str:
    """Groups of rows that have the same values in ``columns``, none of them NULL, and the rows in them."""
    names = ", ".join(quoted(name) for name in columns)
    filled = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    groups = f"SELECT count(*) AS n FROM {table.sql} WHERE {filled} GROUP BY {names} HAVING count(*) > 1"
    return f"SELECT count(*), coalesce(sum(n), 0)::bigint FROM ({groups}) same"
