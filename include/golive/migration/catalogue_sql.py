"""The questions that read a catalogue: one for all objects of a kind, whatever their number.

Each takes ``%(schemas)s``, an array of names, or NULL for every schema that is neither PostgreSQL's nor ours. Objects
that belong to an extension come with it and are passed over.
"""

_MINE = """
    ns.nspname !~ '^pg_' AND ns.nspname NOT IN ('information_schema', 'golive', 'golive_migration', 'golive_capture')
    AND (%(schemas)s::text[] IS NULL OR ns.nspname = ANY (%(schemas)s::text[]))"""

_NO_EXTENSION = """NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = '{catalogue}'::regclass AND e.objid = {oid} AND e.deptype = 'e')"""

_TABLES = f"""
    FROM pg_class c JOIN pg_namespace ns ON ns.oid = c.relnamespace
    WHERE {_MINE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND {_NO_EXTENSION.format(catalogue="pg_class", oid="c.oid")}"""

SERVER = """
SELECT current_database(), current_setting('server_version_num')::int, (SELECT count(*) FROM pg_largeobject_metadata)"""

TABLES = f"""
SELECT c.oid, ns.nspname, c.relname, c.relkind, c.relispartition,
       CASE WHEN c.relkind IN ('r', 'm') THEN coalesce(pg_table_size(c.oid), 0) ELSE 0 END, c.reltuples::bigint,
       c.relrowsecurity, row_security_active(c.oid), has_table_privilege(c.oid, 'SELECT'),
       pg_has_role(c.relowner, 'USAGE'), c.relpersistence = 'u', c.relreplident
{_TABLES} ORDER BY 2, 3"""

COLUMNS = f"""
WITH RECURSIVE looked_through (domain, base, modifier, required) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod, t.typnotnull FROM pg_type t WHERE t.typtype = 'd'
  UNION ALL
    SELECT l.domain, t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE l.modifier END,
           l.required OR t.typnotnull
    FROM looked_through l JOIN pg_type t ON t.oid = l.base WHERE t.typtype = 'd'
), plain AS (
    SELECT l.* FROM looked_through l JOIN pg_type t ON t.oid = l.base WHERE t.typtype <> 'd'
)
SELECT a.attrelid, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
       format_type(b.oid, coalesce(p.modifier, a.atttypmod)), format_type(b.oid, NULL),
       CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN 'a' ELSE b.typtype END,
       a.attnotnull OR coalesce(p.required, false),
       pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
       CASE WHEN a.attcollation <> b.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END
FROM pg_attribute a
JOIN (SELECT c.oid {_TABLES}) c ON c.oid = a.attrelid
LEFT JOIN plain p ON p.domain = a.atttypid
JOIN pg_type b ON b.oid = coalesce(p.base, a.atttypid)
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"""

PARENTS = """
SELECT cn.nspname, c.relname, c.relkind, pn.nspname, p.relname
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') ORDER BY i.inhrelid, i.inhseqno, 1, 2"""

_NAMES = """ARRAY (
    SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY m (number, place)
    JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = m.number ORDER BY m.place)"""

CONSTRAINTS = f"""
SELECT k.conrelid, k.conname, k.contype, {_NAMES.format(numbers="k.conkey", table="k.conrelid")},
       pg_get_constraintdef(k.oid), k.condeferrable, k.convalidated
FROM pg_constraint k JOIN (SELECT c.oid {_TABLES}) c ON c.oid = k.conrelid
WHERE k.contype IN ('p', 'u', 'c', 'x', 'n') ORDER BY k.conrelid, k.conname"""

FOREIGN_KEYS = f"""
SELECT k.conrelid, k.conname, {_NAMES.format(numbers="k.conkey", table="k.conrelid")}, fn.nspname, f.relname,
       {_NAMES.format(numbers="k.confkey", table="k.confrelid")},
       pg_get_constraintdef(k.oid), k.confupdtype::text || k.confdeltype::text, k.condeferrable, k.convalidated
FROM pg_constraint k JOIN (SELECT c.oid {_TABLES}) c ON c.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.conrelid, k.conname"""

INDEXES = f"""
SELECT i.indrelid, x.relname,
       CASE WHEN i.indexprs IS NULL
            THEN {_NAMES.format(numbers="i.indkey[0:i.indnkeyatts - 1]", table="i.indrelid")} ELSE '{{}}' END,
       i.indisunique AND i.indimmediate, i.indpred IS NOT NULL, i.indisvalid, pg_get_indexdef(i.indexrelid), k.conname
FROM pg_index i JOIN (SELECT c.oid {_TABLES}) c ON c.oid = i.indrelid
JOIN pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
ORDER BY i.indrelid, x.relname"""

TRIGGERS = f"""
SELECT t.tgrelid, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN (SELECT c.oid {_TABLES}) c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY t.tgrelid, t.tgname"""

SEQUENCES = f"""
SELECT ns.nspname, c.relname, format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle,
       tn.nspname, t.relname, a.attname, coalesce(d.deptype = 'i', false)
FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid JOIN pg_namespace ns ON ns.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
     AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE {_MINE} AND {_NO_EXTENSION.format(catalogue="pg_class", oid="c.oid")} ORDER BY 1, 2"""

_TYPES = f"""
    pg_type t JOIN pg_namespace ns ON ns.oid = t.typnamespace
    WHERE {_MINE} AND {_NO_EXTENSION.format(catalogue="pg_type", oid="t.oid")}"""

ENUMS = f"""
SELECT format_type(t.oid, NULL),
       ARRAY (SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM {_TYPES} AND t.typtype = 'e' ORDER BY 1"""

DOMAINS = f"""
SELECT format_type(t.oid, NULL), format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
       ARRAY (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname)
FROM {_TYPES} AND t.typtype = 'd' ORDER BY 1"""

COMPOSITES = f"""
SELECT format_type(t.oid, NULL), a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'c', {_TYPES}
  AND t.typrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"""

EXTENSIONS = "SELECT extname, extversion FROM pg_extension ORDER BY 1"

CASTS = """
SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM pg_cast WHERE castcontext IN ('i', 'a')"""

_THROUGH = """
WITH RECURSIVE looked_through (place, type, modifier) AS (
    SELECT w.place, w.type, w.modifier FROM unnest(%(types)s::oid[], %(modifiers)s::int[]) WITH ORDINALITY
           w (type, modifier, place)
  UNION ALL
    SELECT l.place, t.typbasetype, t.typtypmod FROM looked_through l JOIN pg_type t ON t.oid = l.type
    WHERE t.typtype = 'd'
)"""

TYPES = f"""
{_THROUGH}
SELECT l.place, format_type(l.type, l.modifier), format_type(l.type, NULL),
       CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN 'a' ELSE t.typtype END
FROM looked_through l JOIN pg_type t ON t.oid = l.type WHERE t.typtype <> 'd' ORDER BY 1"""
"""What stands behind the types of a described query, in its order."""

VOLATILE = """
SELECT proname FROM pg_proc WHERE proname = ANY (%(names)s) GROUP BY proname HAVING bool_and(provolatile = 'v')"""
