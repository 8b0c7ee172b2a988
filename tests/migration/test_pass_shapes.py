"""Tables of every shape: how their changes are captured, and how their rows are put in."""

from dataclasses import dataclass, replace

import pytest

from golive.migration.capture import begin_capture, end_capture
from golive.migration.control import install_control
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow, FlowColumn, Source, UnitColumn
from golive.migration.names import TableName, quoted
from golive.migration.passes import run_pass
from golive.migration.settings import Capture, Migration
from tests.migration.shop import differences, load, write

OLD, NEW = TableName("public", "old"), TableName("public", "new")


@dataclass(frozen=True)
class Shape:
    """Tables, a flow, what is there before the capture, and what happens then."""

    old: str
    new: str
    flow: Flow
    before: str
    changes: tuple[str, ...]


def same(
    columns: dict[str, str], key: tuple[str, ...], unit: tuple[str, ...] | None = None, wires: str | None = None
) -> Flow:
    """A flow of columns of one name and type on both sides."""
    unit = key if unit is None else unit
    return Flow(
        name="t",
        target=NEW,
        columns=tuple(FlowColumn(n, f"s.{quoted(n)}", t, wires or t) for n, t in columns.items()),
        key=key,
        relation=OLD.sql,
        where="",
        sources=(Source(OLD, unit),),
        unit=tuple(UnitColumn(name, wires or columns[name], f"u.u{i}") for i, name in enumerate(unit, 1)),
        unit_types=tuple(columns[name] for name in unit),
    )


ID = {"id": "integer", "v": "text"}
STAMP = {"at": "timestamp with time zone", "day": "date", "f": "double precision", "v": "text"}
PARTS = (
    "CREATE TABLE old (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    "CREATE TABLE old_1 PARTITION OF old FOR VALUES FROM (0) TO (100);"
    "CREATE TABLE old_2 PARTITION OF old FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);"
    "CREATE TABLE old_2a PARTITION OF old_2 FOR VALUES FROM (100) TO (150)"
)
PLAIN = "CREATE TABLE new (id integer PRIMARY KEY, v text)"
OTHER_SETTINGS = (
    "SET LOCAL datestyle = 'SQL, DMY'; SET LOCAL timezone = 'Asia/Seoul'; SET LOCAL extra_float_digits = -10"
)
SHAPES = {
    "partitions": Shape(
        PARTS,
        "CREATE TABLE new (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
        "CREATE TABLE new_1 PARTITION OF new FOR VALUES FROM (0) TO (120);"
        "CREATE TABLE new_2 PARTITION OF new FOR VALUES FROM (120) TO (300)",
        same(ID, ("id",)),
        "INSERT INTO old SELECT n, n FROM generate_series(1, 140) n",
        (
            "UPDATE old SET id = id + 90 WHERE id BETWEEN 20 AND 30 AND id + 90 > 140 OR id = 59",
            "DELETE FROM old_2 WHERE id = 120",
            "INSERT INTO old_2a VALUES (148, 'direct')",
            "TRUNCATE old_1",
            "CREATE TABLE old_2b PARTITION OF old_2 FOR VALUES FROM (150) TO (200)",
            "INSERT INTO old VALUES (160, 'in a new one')",
            "TRUNCATE old_2b",
            "DROP TABLE old_2a",
        ),
    ),
    "a partition comes with rows": Shape(
        PARTS,
        PLAIN,
        same(ID, ("id",)),
        "INSERT INTO old VALUES (1, 'a'); CREATE TABLE apart (id integer PRIMARY KEY, v text);"
        "INSERT INTO apart VALUES (250, 'x')",
        ("ALTER TABLE old ATTACH PARTITION apart FOR VALUES FROM (200) TO (300)", "UPDATE apart SET v = 'y'"),
    ),
    "inheritance": Shape(
        "CREATE TABLE old (id integer PRIMARY KEY, v text); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (old)",
        PLAIN,
        same(ID, ("id",)),
        "INSERT INTO old VALUES (1, 'a'); INSERT INTO child VALUES (2, 'b'), (3, 'c')",
        (
            "UPDATE old SET v = v || '!'",
            "DELETE FROM child WHERE id = 2",
            "INSERT INTO child VALUES (4, 'd')",
            "CREATE TABLE later (PRIMARY KEY (id)) INHERITS (old)",
            "INSERT INTO later VALUES (5, 'e')",
            "TRUNCATE child",
        ),
    ),
    "moments, in an application with settings of its own": Shape(
        "CREATE TABLE old (at timestamptz, day date, f double precision, v text, PRIMARY KEY (at, day, f))",
        "CREATE TABLE new (at timestamptz, day date, f double precision, v text, PRIMARY KEY (at, day, f))",
        same(STAMP, ("at", "day", "f")),
        "INSERT INTO old VALUES ('2024-02-03 04:05:06.789+09', '2024-02-03', 0.1::float8 + 0.2, 'a'),"
        "('infinity', '-infinity', 'NaN', 'b')",
        (f"{OTHER_SETTINGS}; UPDATE old SET v = 'c'; INSERT INTO old VALUES ('2024-05-06', '2024-05-06', 0.1/3)",),
    ),
    "a unit that may be nothing": Shape(
        "CREATE TABLE old (id integer PRIMARY KEY, parent integer, v text)",
        "CREATE TABLE new (id integer PRIMARY KEY, parent integer, v text)",
        same({**ID, "parent": "integer"}, ("id",), ("parent",)),
        "INSERT INTO old VALUES (1, NULL, 'a'), (2, NULL, 'b'), (3, 1, 'c'), (4, 1, 'd')",
        (
            "UPDATE old SET parent = NULL WHERE id = 3",
            "DELETE FROM old WHERE id = 2",
            "UPDATE old SET v='x' WHERE id=1",
        ),
    ),
    "a unit that is computed": Shape(
        "CREATE TABLE old (code text PRIMARY KEY, v text)",
        "CREATE TABLE new (code text, n integer, v text, PRIMARY KEY (code, n))",
        replace(
            same({"code": "text", "n": "integer", "v": "text"}, ("code", "n"), ("code",)),
            columns=(
                FlowColumn("code", "lower(s.code)", "text", "text"),
                FlowColumn("n", "length(s.code) + ascii(s.code)", "integer", "integer"),
                FlowColumn("v", "s.v", "text", "text"),
            ),
            unit=(UnitColumn("code", "text", "lower(u.u1)"),),
        ),
        "INSERT INTO old VALUES ('ab', '1'), ('AB', '2'), ('cd', '3')",
        ("DELETE FROM old WHERE code = 'AB'", "INSERT INTO old VALUES ('Cd', 'x')"),
    ),
    "no key": Shape(
        "CREATE TABLE old (id integer, v text)",
        "CREATE TABLE new (id integer, v text)",
        same(ID, (), ("id",)),
        "INSERT INTO old VALUES (1, 'a'), (1, 'a'), (2, 'b')",
        ("INSERT INTO old VALUES (1, 'a'), (3, 'c')", "DELETE FROM old WHERE id = 2"),
    ),
    "no key and no unit": Shape(
        "CREATE TABLE old (id integer, v text)",
        "CREATE TABLE new (id integer, v text)",
        same(ID, (), ()),
        "INSERT INTO old VALUES (1, 'a'), (1, 'a'), (2, NULL)",
        ("INSERT INTO old VALUES (1, 'a'), (3, 'c')", "DELETE FROM old WHERE id = 2"),
    ),
    "identity, generated and deferrable": Shape(
        "CREATE TABLE old (id integer PRIMARY KEY, n integer, v text)",
        "CREATE TABLE new (id integer PRIMARY KEY DEFERRABLE, n integer GENERATED ALWAYS AS IDENTITY, v text,"
        " upper_v text GENERATED ALWAYS AS (upper(v)) STORED UNIQUE)",
        same({"id": "integer", "n": "integer", "v": "text"}, ("id",)),
        "INSERT INTO old VALUES (1, 10, 'a'), (2, 20, 'b')",
        ("UPDATE old SET v = CASE id WHEN 1 THEN 'b' ELSE 'a' END, n = n + 1", "INSERT INTO old VALUES (3, 3, 'c')"),
    ),
    "exclusion": Shape(
        "CREATE TABLE old (id integer PRIMARY KEY, v int4range)",
        "CREATE TABLE new (id integer PRIMARY KEY, v int4range, EXCLUDE USING gist (v WITH &&))",
        same({"id": "integer", "v": "int4range"}, ("id",)),
        "INSERT INTO old VALUES (1, '[1,5)'), (2, '[5,9)')",
        ("UPDATE old SET v = CASE id WHEN 1 THEN '[5,8)' ELSE '[1,3)' END::int4range",),
    ),
    "a word of a language of its own as key": Shape(
        'CREATE TABLE old (id text COLLATE "C" PRIMARY KEY, v text)',
        'CREATE TABLE new (id varchar(9) COLLATE "POSIX" PRIMARY KEY, v text)',
        replace(
            same({"id": "text", "v": "text"}, ("id",)),
            columns=(
                FlowColumn("id", "s.id", "character varying(9)", "text"),
                FlowColumn("v", "s.v", "text", "text"),
            ),
        ),
        "INSERT INTO old VALUES ('가', 'a'), ('나 ', 'b'), (E'\\\\N', 'c'), ('', 'd')",
        ("UPDATE old SET v = v || '!'", "DELETE FROM old WHERE id = ''"),
    ),
    "an enum as key": Shape(
        "CREATE TYPE kind AS ENUM ('x', 'y', 'z'); CREATE TABLE old (id kind PRIMARY KEY, v text)",
        "CREATE TYPE kind AS ENUM ('z', 'y', 'x'); CREATE TABLE new (id kind PRIMARY KEY, v text)",
        replace(same({"id": "public.kind", "v": "text"}, ("id",), wires="text")),
        "INSERT INTO old VALUES ('x', 'a'), ('y', 'b')",
        ("UPDATE old SET id = 'z' WHERE id = 'x'", "DELETE FROM old WHERE id = 'y'"),
    ),
    "names that hurt": Shape(
        'CREATE TABLE old ("a""b $golive$ %s" integer PRIMARY KEY, "한글 컬럼" text)',
        'CREATE TABLE new ("a""b $golive$ %s" integer PRIMARY KEY, "한글 컬럼" text)',
        same({'a"b $golive$ %s': "integer", "한글 컬럼": "text"}, ('a"b $golive$ %s',)),
        "INSERT INTO old VALUES (1, 'a')",
        ("UPDATE old SET \"한글 컬럼\" = 'b'", "INSERT INTO old VALUES (2, 'c')"),
    ),
}


@pytest.fixture(params=["triggers", "pgoutput"])
def capture(request: pytest.FixtureRequest) -> Capture:
    return "pgoutput" if request.param == "pgoutput" else "triggers"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_table_of_any_shape_is_followed(source: Endpoint, target: Endpoint, capture: Capture, shape: Shape) -> None:
    """Whatever the tables look like, each change arrives, alone and together with all the others."""
    migration = Migration("shape", source, target, (shape.flow,), "", capture=capture)
    write(source, *shape.old.split(";"), *shape.before.split(";"))
    write(target, *shape.new.split(";"))
    with target.session("test") as session:
        install_control(session)
    begin_capture(migration)
    load(migration)
    for statement in shape.changes:
        write(source, *statement.split(";"))
        run_pass(migration)
        assert differences(migration) == {}, statement
    end_capture(migration)
