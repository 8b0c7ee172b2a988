"""Wrong mappings, and schemas that do not fit: each problem is told at its line, and all of them at once."""

from dataclasses import dataclass

import pytest

from golive.migration.check import check
from golive.migration.endpoint import Endpoint
from golive.migration.errors import MappingInvalid
from golive.migration.mapping_file import MappingFile, parse_mapping


@dataclass(frozen=True)
class Case:
    """``told``: problem keys with their lines, 0 where the file says nothing of it."""

    name: str
    source: str
    target: str
    mapping: str
    told: set[tuple[str, int]]


def one(name: str, source: str, target: str, told: str, rows: str = "", mapping: str = "") -> Case:
    """A table ``t`` on both sides with one column ``x`` beside its key; the mapping says nothing, or one expression.

    ``told`` are keys, each with ``@line`` where that is not the expression's own.
    """
    there = f"CREATE TABLE t (id int PRIMARY KEY, x {source});" + (f"INSERT INTO t SELECT 1, {rows}" if rows else "")
    text = f"schema: 1\ntables:\n  t:\n    columns:\n      x: {mapping}" if mapping else ""
    words = [word.partition("@") for word in told.split()]
    wanted = {(key, int(line or (5 if mapping else 0))) for key, _, line in words}
    return Case(name, there, f"CREATE TABLE t (id int PRIMARY KEY, x {target})", text, wanted)


TYPES = [
    one("same", "text", "text", ""),
    one("text into integer", "text", "integer", "no_cast"),
    one("boolean into integer", "boolean", "integer", "no_cast"),
    one("bytea into uuid", "bytea", "uuid", "no_cast"),
    one("bigint fits", "bigint", "integer", "", "2147483647"),
    one("bigint overflows", "bigint", "integer", "overflow", "2147483648"),
    one("smallint overflows below", "integer", "smallint", "overflow", "-32769"),
    one("numeric fits", "numeric", "integer", "", "5.00"),
    one("numeric has a fraction", "numeric", "integer", "rounded", "5.01"),
    one("numeric NaN", "numeric", "integer", "overflow", "'NaN'::numeric"),
    one("float has a fraction", "double precision", "bigint", "rounded", "0.5"),
    one("bigint into double", "bigint", "double precision", "rounded", "9007199254740993"),
    one("numeric into double", "numeric", "double precision", "lossy", "0.12345678901234567890"),
    one("numeric fits double", "numeric", "double precision", "", "0.1"),
    one("double into real", "double precision", "real", "lossy", "0.1::float8"),
    one("scale", "numeric(10, 3)", "numeric(10, 2)", "rounded", "1.005"),
    one("scale not used", "numeric(10, 3)", "numeric(10, 2)", "", "1.500"),
    one("precision", "numeric(12, 2)", "numeric(5, 2)", "overflow", "1000"),
    one("a thousand digits", "numeric", "numeric(20, 2)", "overflow", "('1' || repeat('0', 999))::numeric"),
    one("too long", "text", "varchar(3)", "too_long_for", "'가나다라'"),
    one("long enough", "text", "varchar(3)", "", "'가나다'"),
    one("blanks cut", "text", "varchar(3)", "blanks_cut", "'가나다 '"),
    one("blanks padded", "text", "char(5)", "blanks_cut", "'가 '"),
    one("char into text", "char(5)", "text", "", "'가'"),
    one("zone", "timestamp", "timestamptz", "zone_needed"),
    one("day of a zone", "timestamptz", "date", "zone_needed"),
    one("time of a day lost", "timestamp", "date", "lossy", "timestamp '2024-02-29 00:00:01'"),
    one("midnight", "timestamp", "date", "", "timestamp '2024-02-29'"),
    one("microseconds", "timestamptz", "timestamptz(0)", "lossy", "timestamptz '2024-01-01 00:00:00.5Z'"),
    one("infinity", "timestamptz", "timestamptz(0)", "", "timestamptz 'infinity'"),
    one("host bits", "inet", "cidr", "lossy", "inet '10.0.0.1/8'"),
    one("json keys twice", "json", "jsonb", "lossy", """json '{"a": 1, "a": 2}'"""),
    one("json", "json", "jsonb", "", """json '{"a": 1}'"""),
    one("bits", "varbit", "bit(3)", "lossy", "varbit '1010'"),
    one("array scale", "numeric[]", "numeric(5, 1)[]", "lossy", "ARRAY[1.25]"),
    one("required", "text", "text NOT NULL", "null", "NULL"),
    one("required and there", "text", "text NOT NULL", "", "''"),
    one("a cast that breaks", "text", "integer", "value_refused", "'x'", "s.x::integer"),
    one("an expression", "text", "integer", "", "'5'", "s.x::integer"),
    one("unknown column", "text", "text", "sql column_dropped@3", "", "s.y"),
    one("two statements", "text", "text", "sql", "", "s.x); DROP TABLE t; SELECT (1"),
    one("two values", "text", "text", "not_one_value", "", "s.x, s.id"),
    one("an aggregate", "int", "bigint", "sql", "", "sum(s.x)"),
    one("a window", "int", "bigint", "sql", "", "row_number() OVER (ORDER BY s.x)"),
    one("a set", "int", "int", "sql", "", "generate_series(1, s.x)"),
    one("another at each reading", "text", "text", "not_repeatable", "", "s.x || random()"),
    one("the clock", "timestamptz", "timestamptz", "not_repeatable", "", "coalesce(s.x, now())"),
    one("a comment", "text", "text", "", "'a'", '"s.x -- as it is"'),
    one("another table", "text", "text", "undeclared_read@3", "", "s.x || (SELECT reltuples FROM pg_class LIMIT 1)"),
]


def problems(case: Case, source: Endpoint, target: Endpoint) -> set[tuple[str, int]]:
    for side, script in ((source, case.source), (target, case.target)):
        with side.session("test", search_path="public,pg_catalog") as session:
            session.execute(script.encode())
    try:
        check(parse_mapping(case.mapping, "mapping.yaml") if case.mapping else MappingFile(), source, target)
    except MappingInvalid as error:
        assert [error.message(locale) for locale in ("ko", "en")]  # noqa: PT017 -- each text finds its facts
        return {(found.finding.key.removeprefix("mapping."), found.line) for found in error.problems}
    return set()


@pytest.mark.parametrize("case", TYPES, ids=lambda case: case.name)
def test_values_that_would_change_are_told(case: Case, source: Endpoint, target: Endpoint) -> None:
    """What PostgreSQL would round, cut, shift or refuse is found before anything runs, by asking the rows."""
    assert problems(case, source, target) == case.told


CUSTOMER = "CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, phone text);"
SHAPES = [
    Case("missing column", "CREATE TABLE customer (id int PRIMARY KEY)", CUSTOMER, "", {("column_missing", 0)}),
    Case(
        "renamed column", "CREATE TABLE customer (id int PRIMARY KEY, nm text, phone text)", CUSTOMER, "",
        {("column_missing", 0), ("column_dropped", 0)},
    ),
    Case("extra column", CUSTOMER.replace("phone", "fax text, phone"), CUSTOMER, "", {("column_dropped", 0)}),
    Case(
        "extra column, knowingly", CUSTOMER.replace("phone", "fax text, phone"), CUSTOMER,
        "schema: 1\nignore:\n  customer: [fax]", set(),
    ),
    Case("extra table", CUSTOMER + "CREATE TABLE log (id int)", CUSTOMER, "", {("table_dropped", 0)}),
    Case("extra table, excluded", CUSTOMER + "CREATE TABLE log ()", CUSTOMER, "schema: 1\nexclude: ['*.log']", set()),
    Case(
        "many to one", CUSTOMER.replace(" PRIMARY KEY", "") + "INSERT INTO customer VALUES (1, 'a'), (1, 'b')",
        CUSTOMER, "", {("key_twice", 0)},
    ),
    Case("key of the target's making", "CREATE TABLE t (x int)", "CREATE TABLE t (id serial PRIMARY KEY, x int)", "",
         {("key_missing", 0)}),
    Case(
        "everything wrong at once", CUSTOMER, CUSTOMER,
        """schema: 1
tables:
  custmer: {from: customer}
  public.customer:
    from: custome
    columns:
      nme: s.name
      name: s.name
    constants:
      name: x
    lookups:
      phone: {in: lost, of: s.phone}
    reads: {gone: [id]}
    key: [idd]
  customer: {}
ignore: {customer: [fx]}
""",
        {("unknown_table", 3), ("table_twice", 4), ("unknown_table", 5), ("unknown_column", 7), ("column_twice", 10),
         ("unknown_lookup", 12), ("unknown_table", 13), ("unknown_column", 14), ("table_twice", 15),
         ("unknown_column", 16)},
    ),
    Case(
        "a lookup that lacks a key", CUSTOMER + "INSERT INTO customer VALUES (1, 'a', '9')", CUSTOMER,
        "schema: 1\nlookups: {code: {rows: {'1': one}}}\ntables:\n  customer:\n    lookups:\n"
        "      phone: {in: code, of: s.phone}",
        {("lookup_lacks", 6)},
    ),
    Case(
        "a constant that is cut", CUSTOMER.replace("phone text", "phone varchar(3)"),
        CUSTOMER.replace("phone text", "phone varchar(3)"),
        "schema: 1\ntables:\n  customer:\n    constants:\n      phone: '0100'\n      id: one",
        {("constant_changed", 5), ("constant_refused", 6), ("column_dropped", 3)},
    ),
    Case(
        "an enum's new label", "CREATE TYPE g AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, g g);"
        "INSERT INTO t VALUES (1, 'b')", "CREATE TYPE g AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, g g)", "",
        {("not_a_label", 0)},
    ),
    Case(
        "a composite of another shape", "CREATE TYPE c AS (a int, b int); CREATE TABLE t (id int PRIMARY KEY, c c)",
        "CREATE TYPE c AS (a int); CREATE TABLE t (id int PRIMARY KEY, c c)", "", {("no_cast", 0)},
    ),
    Case("generated", CUSTOMER, CUSTOMER.replace("phone text", "phone text GENERATED ALWAYS AS (name) STORED"),
         "schema: 1\ntables:\n  customer:\n    columns: {phone: s.phone}", {("generated", 4)}),
    Case("a unit that needs more", CUSTOMER, CUSTOMER.replace("int", "text"),
         "schema: 1\ntables:\n  customer:\n    query: SELECT c.*, c.id + 1 AS more FROM public.customer c\n"
         "    reads: {customer: [id]}\n    unit: [id]\n    columns:\n      id: s.more::text", {("unit_depends", 6)}),
    Case("a view for a target", CUSTOMER, "CREATE VIEW customer AS SELECT 1 AS id",
         "schema: 1\ntables:\n  customer: {from: customer}", {("not_a_table", 3)}),
]  # fmt: skip


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: case.name)
def test_what_does_not_fit_is_told_at_its_line(case: Case, source: Endpoint, target: Endpoint) -> None:
    """Names nobody has, columns without a source, rows that would collide: each at its line, all at once."""
    assert problems(case, source, target) == case.told
