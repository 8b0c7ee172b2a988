"""What the target's indexes ask of a pass, read from its catalogue."""

from collections.abc import Iterable

from golive.migration.apply_sql import TargetKeys
from golive.migration.flow import Flow
from golive.migration.names import literal
from golive.migration.statements import Session, rows


def target_keys(session: Session, flows: Iterable[Flow]) -> dict[str, TargetKeys]:
    """Per flow name."""
    wanted = list(flows)
    if not wanted:
        return {}
    values = ", ".join(f"({place}, {literal(flow.target.sql)}::regclass)" for place, flow in enumerate(wanted))
    indexes: dict[int, list[tuple[frozenset[str], bool]]] = {}
    for place, names, plain in rows(session, UNIQUE.format(values=values)):
        indexes.setdefault(place, []).append((frozenset(names), plain))
    fixed = dict(rows(session, IDENTITY.format(values=values)))
    own = dict(rows(session, COLUMNS.format(values=values)))
    return {flow.name: _judge(flow, indexes.get(i, []), fixed.get(i, []), own[i]) for i, flow in enumerate(wanted)}


def _judge(flow: Flow, indexes: list[tuple[frozenset[str], bool]], fixed: list[str], own: list[str]) -> TargetKeys:
    """An index over an expression, or a generated column, may hold any column."""
    key, rest = frozenset(flow.key), frozenset(flow.names) - frozenset(flow.key)
    held = set(fixed)
    for names, plain in indexes:
        if not (plain and names == key):
            held |= names if plain and names <= frozenset(flow.names) else rest
    arbiter = any(plain and names == key for names, plain in indexes)
    extra = tuple(name for name in own if name not in flow.names)
    return TargetKeys(arbiter, tuple(name for name in flow.names if name in held & rest), extra)


UNIQUE = """
SELECT place, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid
                    AND a.attnum = ANY (i.indkey::int2[]) AND a.attnum > 0),
       i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
FROM (VALUES {values}) wanted (place, oid) JOIN pg_index i ON i.indrelid = wanted.oid
WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid
"""
"""The columns of every index that refuses a second row, and whether it is a plain one, checked at once."""

IDENTITY = """
SELECT place, array_agg(a.attname::text) FROM (VALUES {values}) wanted (place, oid)
JOIN pg_attribute a ON a.attrelid = wanted.oid AND a.attidentity = 'a' AND NOT a.attisdropped GROUP BY place
"""

COLUMNS = """
SELECT place, array_agg(a.attname::text ORDER BY a.attnum) FROM (VALUES {values}) wanted (place, oid)
JOIN pg_attribute a ON a.attrelid = wanted.oid AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
GROUP BY place
"""
