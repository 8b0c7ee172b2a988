"""Values and sizes that break naive copies: each arrives byte for byte, in binary and as text."""

import dataclasses

import pytest

from golive.migration.catalogue import read_catalogue
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow
from golive.migration.flows import identity_flows
from golive.migration.load import load
from golive.migration.settings import Limits
from tests.checker.rows import compare
from tests.migration.flows import migration, ready, run_sql, same, table, url
from tests.migration.owners import owner

TYPES = """
CREATE TYPE mood AS ENUM ('기쁨', 'it''s "so"', 'b,c');
CREATE TYPE pair AS (a int, "b c" text);
CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE <= 100);
CREATE TYPE spans AS RANGE (subtype = float8);
"""
COLUMNS = """
    id int, t text, c char(5), v varchar, n numeric, f float8, r real, i8 bigint, b bytea, ts timestamp, tz timestamptz,
    d date, tm time, iv interval, j json, jb jsonb, u uuid, ip inet, e mood, dm percent,
    ir int4range, mr nummultirange, ta text[], na numeric[],
    bt bit(3), vb varbit,
    pt point, tv tsvector, ok boolean, big jsonb
"""
TEXT_ONLY = ", p pair, sp spans, ea mood[], pa pair[], m money"
"""Types whose binary form names objects of one server, or means another thing there."""
VALUES = (
    {},
    {"t": "''", "v": "''", "b": "''", "ta": "'{}'", "jb": "'{}'", "ir": "'empty'", "mr": "'{}'"},
    {"t": r"E'\\N'", "v": r"E'\\.'", "c": "'a'", "ta": "array['', NULL, 'NULL', '{}', '\"', E'\\\\']"},
    {"t": r"E'line\r\n\\.\n\ttab \x7f'", "v": "'한글 \U0001f469‍\U0001f469‍\U0001f467 \u202e'"},
    {"t": "normalize('각', NFD)", "v": "normalize('각', NFC)", "c": "'각  '"},
    {"n": "'NaN'", "f": "'NaN'", "r": "'NaN'", "tz": "'infinity'", "ts": "'-infinity'", "d": "'infinity'"},
    {"n": "'Infinity'", "f": "'-Infinity'", "r": "'Infinity'", "d": "'4713-01-01 BC'"},
    {"ts": "'294276-12-31 23:59:59.999999'"},
    {"n": "'-Infinity'", "f": "'-0.0'", "r": "'-0'", "d": "'5874897-12-31'", "tz": "'4713-01-02 BC'"},
    {"n": "repeat('9', 1000)::numeric", "f": "5e-324", "r": "1e-45", "i8": "-9223372036854775808"},
    {"n": "'0.000'", "f": "0.1 + 0.2", "dm": "1.50", "na": "array[1.10, NULL, 'NaN', '-Infinity']"},
    {"tz": "'2024-03-10 02:30 America/New_York'", "tm": "'24:00'", "iv": "'-1 year 2 days -3.5 s'"},
    {"b": r"'\x00ff5c2e0a'", "j": "'{\"a\" :  1, \"a\": 2}'", "jb": "'{\"a\": 1.00, \"b\": \"\\u2028\"}'"},
    {"e": "'it''s \"so\"'"},
    {"ir": "'[,5)'", "mr": "'{[1.0,2.50],(3,)}'", "ta": "'[-1:0][2:3]={{a,b},{c,NULL}}'"},
    {"bt": "B'101'", "vb": "B''", "pt": "'(1e300,-0)'", "ok": "false"},
    {"u": "'00000000-0000-0000-0000-000000000000'", "ip": "'::ffff:1.2.3.4/96'", "tv": "'a:1A b'"},
    {"big": "(SELECT jsonb_object_agg('k' || i, repeat(md5(i::text), 40)) FROM generate_series(1, 2000) i)"},
    {
        "m": "'-1234.56'", "p": "row(NULL, 'x,\"y')", "sp": "'(-0.5, infinity]'",
        "ea": "array['b,c', NULL, '기쁨']::mood[]", "pa": "array[row(1, ''), NULL]::pair[]",
    },
)  # fmt: skip


def identity(source: Endpoint, target: Endpoint) -> tuple[Flow, ...]:
    """The flows of what both sides have, without ours."""
    with source.session("test") as old, target.session("test") as new:
        return identity_flows(read_catalogue(old, ["public"]), read_catalogue(new, ["public"]))


def texts(endpoint: Endpoint, name: str) -> str:
    """A query of every column as text, the first one as the key, then a digest of the binary form of doubles."""
    with endpoint.session("test") as session:
        rows = session.execute(
            "SELECT quote_ident(attname) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
            (f"public.{name}",),
        ).fetchall()
    return f"SELECT {', '.join(f'{column}::text' for (column,) in rows)} FROM {name}"


@pytest.mark.parametrize("binary", [True, False])
def test_hard_values_arrive_as_they_are(source: Endpoint, target: Endpoint, binary: bool) -> None:
    """NaN, infinities, -0, NULLs in arrays, long numbers, far dates, control characters: nothing is changed."""
    inserts = [
        f"INSERT INTO hard (id{''.join(f', {name}' for name in row)}) "
        f"VALUES ({number}{''.join(f', {value}' for value in row.values())})"
        for number, row in enumerate(VALUES)
    ]
    create = f"CREATE TABLE hard ({COLUMNS if binary else COLUMNS + TEXT_ONLY})"
    run_sql(source, TYPES, create, *inserts[: None if not binary else -1])
    run_sql(target, TYPES, create)
    (flow,) = identity(source, target)
    assert flow.binary == binary
    load(ready(migration(source, target, flow)))
    query = texts(source, "hard")
    assert compare(url(source), query, url(target), query) == []


def test_names_that_need_quotes(source: Endpoint, target: Endpoint) -> None:
    """Korean, quotes, a line's end and reserved words in the names of tables and columns."""
    names = ['"한글 표"', '"a""b"', '"line\nend"', '"select"', '"%s"', '"{x}\'"', '"back\\slash"']
    for number, name in enumerate(names):
        create = f'CREATE TABLE {name} (id int PRIMARY KEY, "order" int, "열 ""이름""" text)'
        run_sql(source, create, f"INSERT INTO {name} SELECT i, i, '값 {number}' FROM generate_series(1, 20) i")
        run_sql(target, create)
    load(ready(migration(source, target, *identity(source, target))))
    for name in names:
        query = f'SELECT id::text, "order"::text, "열 ""이름""" FROM {name}'
        assert compare(url(source), query, url(target), query) == []


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9])
def test_sizes_around_a_chunk(source: Endpoint, target: Endpoint, rows: int) -> None:
    """One row per page, four pages per chunk: every row comes over once, an empty table too."""
    create = "CREATE TABLE wide (id int, body text STORAGE PLAIN)"
    run_sql(source, create, f"INSERT INTO wide SELECT i, repeat('x', 7000) FROM generate_series(1, {rows}) i")
    run_sql(target, create)
    limits = Limits(chunk_bytes=4 * 8192)
    load(ready(migration(source, target, *identity(source, target), limits=limits)))
    query = "SELECT id::text, body FROM wide"
    assert compare(url(source), query, url(target), query) == []


def test_sixteen_hundred_columns_without_a_key(source: Endpoint, target: Endpoint) -> None:
    """The widest table that there can be, with rows that are the same."""
    create = f"CREATE TABLE wide ({', '.join(f'c{i} int' for i in range(1600))})"
    run_sql(source, create, *["INSERT INTO wide (c0, c1599) VALUES (1, 2), (1, 2), (NULL, 3)"] * 2)
    run_sql(target, create)
    load(ready(migration(source, target, *identity(source, target))))
    query = texts(source, "wide")
    assert compare(url(source), query, url(target), query, 1600) == []


@pytest.mark.parametrize(
    "number",
    [
        "i",
        "-i",
        "(i % 3) * 1000000000000",
        "CASE WHEN i % 10 = 0 THEN i ELSE 7 END",
        "nullif(i % 5, 0)",
        "NULL::bigint",
    ],
    ids=["even", "negative", "sparse", "skewed", "with null", "all null"],
)
def test_a_query_is_split_by_a_number(source: Endpoint, target: Endpoint, number: str) -> None:
    """Sparse, skewed, negative and missing numbers: each row of a query comes over once."""
    create = "CREATE TABLE item (id bigint, n bigint, body text)"
    run_sql(source, create, f"INSERT INTO item SELECT i, {number}, repeat('x', 300) FROM generate_series(1, 5000) i")
    run_sql(source, "ANALYZE item")
    run_sql(target, create)
    flow = same("item", {"id": "bigint", "n": "bigint", "body": "text"}, pages=())
    query = dataclasses.replace(flow, relation="(SELECT * FROM public.item WHERE id > 10)", split="n")
    wanted = ready(migration(source, target, query, limits=Limits(chunk_bytes=200_000)))
    load(wanted)
    with target.session("test") as session:
        chunks = session.execute("SELECT count(*) FROM golive_migration.chunk").fetchone()
    assert chunks is not None
    assert chunks[0] > 1 or number.startswith("NULL")
    rows = "SELECT id::text, n::text, body FROM item"
    assert compare(url(source), f"{rows} WHERE id > 10", url(target), rows) == []


def test_an_owner_needs_no_more_than_the_tables(source: Endpoint, target: Endpoint) -> None:
    """Neither side's role is a superuser; partitions, an identity and a generated column come over."""
    create = """
        CREATE TABLE visit (
            id bigint GENERATED ALWAYS AS IDENTITY, at date, twice bigint GENERATED ALWAYS AS (2 * id) STORED)
            PARTITION BY RANGE (at);
        CREATE TABLE visit_a PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE TABLE visit_b PARTITION OF visit DEFAULT;"""
    with owner(source) as old, owner(target) as new:
        run_sql(old, create, "INSERT INTO visit (at) SELECT date '2020-06-01' + i FROM generate_series(1, 2000) i")
        run_sql(new, create)
        load(ready(migration(old, new, *identity(old, new), limits=Limits(chunk_bytes=30_000))))
        query = "SELECT id::text, at::text, twice::text, tableoid::regclass::text FROM visit"
        assert compare(url(source), query, url(target), query) == []


def test_tables_that_inherit_keep_their_own_rows(source: Endpoint, target: Endpoint) -> None:
    """A parent's rows and its children's are not mixed, whole or in chunks."""
    create = "CREATE TABLE base (id int, body text); CREATE TABLE derived (more int) INHERITS (base)"
    run_sql(source, create, "INSERT INTO base SELECT i, repeat('x', 500) FROM generate_series(1, 2000) i")
    run_sql(source, "INSERT INTO derived SELECT i, 'y', i FROM generate_series(1, 3000) i")
    run_sql(target, create)
    load(ready(migration(source, target, *identity(source, target), limits=Limits(chunk_bytes=200_000))))
    for query in ("SELECT id::text, body FROM ONLY base", "SELECT id::text, body, more::text FROM ONLY derived"):
        assert compare(url(source), query, url(target), query) == []
    assert table("base").sql == '"public"."base"'
