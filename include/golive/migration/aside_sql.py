"""What stands on the target's tables and would slow or break a load, with the exact statements to drop and make it.

Rows are (phase, table, name, kind, create_sql, drop_sql); they are made in the order of their phases and dropped in the
reverse. Within a phase they may go in parallel where ``PARALLEL`` says so. Names are qualified: sessions of ours have
only ``pg_catalog`` in their path.
"""

INDEX, KEY, PARENT, FOREIGN, VALIDATE, NOTE, TRIGGER = 10, 20, 30, 50, 51, 55, 60
"""``PARENT`` to ``PARENT + 9``: indexes of partitioned tables, the deepest first; they attach those of their leaves.

An index is made before the key that uses it: that takes a lock which lets others be made on the same table.
"""
PARALLEL = frozenset({INDEX, VALIDATE})
"""The others change the catalogue only (but for partitioned tables, which attach what their leaves have)."""

TABLES = """
WITH RECURSIVE tree(oid, depth) AS (
    SELECT name::regclass::oid, 0 FROM unnest(%(tables)s::text[]) AS given(name)
    UNION
    SELECT i.inhrelid, tree.depth + 1
    FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
), tables AS (
    SELECT tree.oid, tree.oid::regclass::text AS name, max(depth) AS depth, c.relkind = 'p' AS partitioned
    FROM tree JOIN pg_class c ON c.oid = tree.oid GROUP BY tree.oid, c.relkind
), indexes AS (
    SELECT x.indexrelid AS oid, c.relname AS name,
           c.relnamespace::regnamespace || '.' || quote_ident(c.relname) AS path,
           t.oid AS "table", t.name AS table_name, t.partitioned, t.depth, k.oid AS key, k.contype, k.condeferrable,
           k.condeferred, x.indisclustered, x.indisreplident, a.amname = 'btree' AS btree,
           coalesce('SET LOCAL default_tablespace = ' || quote_literal(s.spcname) || '; ', '') AS place
    FROM tables t
    JOIN pg_index x ON x.indrelid = t.oid AND x.indisvalid
    JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_am a ON a.oid = c.relam
    LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
    -- Kept: part of an index above our tables; what a view needs; what tells a published table's rows apart.
    WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_index above ON above.indexrelid = i.inhparent
                      WHERE i.inhrelid = x.indexrelid AND above.indrelid NOT IN (SELECT oid FROM tables))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid
                    AND d.classid NOT IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass))
    AND NOT (EXISTS (SELECT FROM pg_publication_tables p JOIN pg_class r ON r.oid = t.oid AND r.relname = p.tablename
                     AND r.relnamespace = p.schemaname::regnamespace) AND (x.indisprimary OR x.indisreplident))
), keys AS (
    SELECT k.oid, k.conname, k.conrelid::regclass::text AS table_name, pg_get_constraintdef(k.oid) AS definition,
           k.convalidated AND c.relkind <> 'p' AS later
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
    AND (k.conrelid IN (SELECT oid FROM tables) OR k.confrelid IN (SELECT oid FROM tables))
)
"""

INDEXES = f"""
SELECT {INDEX} AS phase, table_name, name, 'index', place || pg_get_indexdef(oid), 'DROP INDEX IF EXISTS ' || path
FROM indexes WHERE NOT partitioned AND (key IS NULL OR btree)
UNION ALL
SELECT {KEY}, table_name, name, 'key',
       place || 'ALTER TABLE ONLY ' || table_name || ' ADD CONSTRAINT ' || quote_ident(name) || CASE
           WHEN NOT btree THEN ' ' || pg_get_constraintdef(key)
           ELSE CASE contype WHEN 'p' THEN ' PRIMARY KEY' ELSE ' UNIQUE' END || ' USING INDEX ' || quote_ident(name)
               || CASE WHEN condeferrable THEN ' DEFERRABLE' ELSE '' END
               || CASE WHEN condeferred THEN ' INITIALLY DEFERRED' ELSE '' END END,
       'ALTER TABLE ' || table_name || ' DROP CONSTRAINT IF EXISTS ' || quote_ident(name)
FROM indexes WHERE NOT partitioned AND key IS NOT NULL
UNION ALL
SELECT {PARENT} + greatest(0, 9 - depth), table_name, name, 'parent', CASE
           WHEN key IS NULL
           THEN replace(pg_get_indexdef(oid), quote_ident(name) || ' ON ONLY ', quote_ident(name) || ' ON ')
           ELSE 'ALTER TABLE ' || table_name || ' ADD CONSTRAINT ' || quote_ident(name) || ' '
               || pg_get_constraintdef(key) END,
       CASE WHEN key IS NULL THEN 'DROP INDEX IF EXISTS ' || path
           ELSE 'ALTER TABLE ' || table_name || ' DROP CONSTRAINT IF EXISTS ' || quote_ident(name) END
FROM indexes WHERE partitioned
"""

FOREIGN_KEYS = f"""
SELECT {FOREIGN}, table_name, conname, 'foreign',
       'ALTER TABLE ' || table_name || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || definition
           || CASE WHEN later AND definition !~ 'NOT (VALID|ENFORCED)$' THEN ' NOT VALID' ELSE '' END,
       'ALTER TABLE ' || table_name || ' DROP CONSTRAINT IF EXISTS ' || quote_ident(conname)
FROM keys
UNION ALL
SELECT {VALIDATE}, table_name, conname, 'validate',
       'ALTER TABLE ' || table_name || ' VALIDATE CONSTRAINT ' || quote_ident(conname), ''
FROM keys WHERE later AND definition !~ 'NOT (VALID|ENFORCED)$'
"""

NOTES = f"""
SELECT {NOTE}, table_name, name, 'comment', 'COMMENT ON INDEX ' || path || ' IS '
       || quote_literal(obj_description(oid, 'pg_class')), ''
FROM indexes WHERE obj_description(oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT {NOTE}, table_name, name, 'comment', 'COMMENT ON CONSTRAINT ' || quote_ident(name) || ' ON ' || table_name
       || ' IS ' || quote_literal(obj_description(oid, 'pg_constraint')), ''
FROM (SELECT key AS oid, name, table_name FROM indexes UNION SELECT oid, conname, table_name FROM keys) AS noted
WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
UNION ALL
SELECT {NOTE}, table_name, name, 'cluster', 'ALTER TABLE ' || table_name || ' CLUSTER ON ' || quote_ident(name), ''
FROM indexes WHERE indisclustered
UNION ALL
SELECT {NOTE}, table_name, name, 'identity', 'ALTER TABLE ONLY ' || table_name || ' REPLICA IDENTITY USING INDEX '
       || quote_ident(name), ''
FROM indexes WHERE indisreplident
UNION ALL
SELECT {NOTE}, table_name, name, 'statistics', 'ALTER INDEX ' || path || ' ALTER COLUMN ' || a.attnum
       || ' SET STATISTICS ' || a.attstattarget, ''
FROM indexes JOIN pg_attribute a ON a.attrelid = indexes.oid AND a.attstattarget >= 0
"""

TRIGGERS = f"""
SELECT {TRIGGER}, t.name, g.tgname, 'trigger',
       'ALTER TABLE ONLY ' || t.name || CASE g.tgenabled WHEN 'A' THEN ' ENABLE ALWAYS' ELSE ' ENABLE' END
           || ' TRIGGER ' || quote_ident(g.tgname),
       'ALTER TABLE ONLY ' || t.name || ' DISABLE TRIGGER ' || quote_ident(g.tgname)
FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
JOIN pg_proc f ON f.oid = g.tgfoid WHERE f.pronamespace::regnamespace::text <> 'golive_capture'
"""

STANDING = f"{TABLES} {INDEXES} UNION ALL {FOREIGN_KEYS} UNION ALL {NOTES} UNION ALL {TRIGGERS} ORDER BY 1, 2, 3"
