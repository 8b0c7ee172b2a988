"""Values that differ in a byte differ in their hash; values that the target stores alike hash alike."""

from itertools import product

import pytest

from golive.migration.endpoint import Endpoint
from golive.migration.verify import verify
from tests.migration.proof import flow_of, migration_of, run

CORPUS: dict[str, tuple[str, ...]] = {
    "boolean": ("true", "false"),
    "smallint": ("0", "-1", "32767"),
    "integer": ("0", "1", "-1", "2147483647"),
    "bigint": ("0", "4294967297", "-1", "-4294967296", "8589934594", "9223372036854775807"),
    "numeric": ("0", "0.0", "1", "1.0", "1.00", "'NaN'", "'Infinity'", "'-Infinity'", f"'{'9' * 1000}'", "1e-20"),
    "numeric(12,2)": ("1.00", "1.01", "-1.00"),
    "real": ("'0'", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", "'1.1'", "'1.1000001'"),
    "double precision": ("'0'", "'-0'", "'NaN'", "'Infinity'", "'0.1'", "'0.10000000000000002'"),
    "money": ("'0'", "'1.00'", "'-1.00'"),
    "text": (
        "''",
        "' '",
        "'a'",
        "'a '",
        "'가'",
        "normalize('가', NFD)",
        "E'\\\\N'",
        "E'\\\\.'",
        "E'a\\nb'",
        "'👩‍👩‍👧'",
        "U&'\\202E'",
    ),
    "character varying(5)": ("''", "' '", "'a'", "'a '", "'가나다라마'"),
    "character(3)": ("'a'", "'b'", "'  a'", "''"),
    "bpchar": ("'a'", "'a '", "''", "' '"),
    "name": ("'a'", "'A'", "''"),
    '"char"': ("'a'", "'b'", "''"),
    "bytea": ("''", "'\\x00'", "'\\x0000'", "'\\xff'"),
    "date": ("'0044-03-15 BC'", "'2024-02-29'", "'infinity'", "'-infinity'", "'5874897-12-31'"),
    "time without time zone": ("'00:00'", "'24:00'", "'23:59:59.999999'"),
    "time with time zone": ("'12:00+00'", "'12:00+09'", "'21:00+09'"),
    "timestamp without time zone": ("'294276-12-31 23:59:59.999999'", "'infinity'", "'2000-01-01'", "'4713-01-01 BC'"),
    "timestamp with time zone": ("'2024-11-03 01:30-04'", "'2024-11-03 01:30-05'", "'infinity'", "'-infinity'"),
    "interval": ("'1 month'", "'30 days'", "'720 hours'", "'0'"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"),
    "json": ("'{}'", "'{ }'", """'{"a":1,"a":1}'""", """'{"a":1}'""", "'null'"),
    "jsonb": ("'{}'", "'1'", "'1.0'", "'1.00'", "'null'", "'[]'", """'"1"'"""),
    "inet": ("'10.0.0.1'", "'10.0.0.1/24'", "'::1'"),
    "cidr": ("'10.0.0.0/8'", "'10.0.0.0/9'"),
    "macaddr": ("'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    "bit(3)": ("B'000'", "B'001'"),
    "bit varying": ("B'0'", "B'00'", "B''"),
    "point": ("'(0,0)'", "'(-0,0)'", "'(0,-0)'"),
    "box": ("'(1,1),(0,0)'", "'(1,1),(0,-0)'"),
    "tsvector": ("'a:1'", "'a:2'", "''"),
    "int4range": ("'empty'", "'[1,2)'", "'[1,)'", "'(,)'"),
    "numrange": ("'[1,2)'", "'[1.0,2)'", "'[1,2]'"),
    "integer[]": ("'{}'", "'{1}'", "'{NULL}'", "'{{1}}'", "'[2:2]={1}'", "'{{1,2},{3,4}}'", "'{1,2,3,4}'"),
    "text[]": ("'{}'", """'{""}'""", "'{NULL}'", """'{"NULL"}'""", """'{"a,b"}'""", "'{a,b}'"),
    "numeric[]": ("'{1}'", "'{1.0}'"),
    "mood": ("'기쁨'", "'슬픔'"),
    "price": ("1.00", "2.00"),
    "spot": ("'(1,)'", """'(1,"")'""", "'(,)'", "'(1,a)'"),
}
_TYPES = (
    "CREATE TYPE mood AS ENUM ('기쁨', '슬픔')",
    "CREATE DOMAIN price AS numeric(10,2)",
    "CREATE TYPE spot AS (x int, y text)",
)
WIRES: dict[str, str | None] = {
    "money": None, '"char"': None, "spot": None, "mood": "text", "price": "numeric", "name": "text",
    "character varying(5)": "text", "character(3)": "text", "bit(3)": "bit varying",
    "numeric(12,2)": "numeric",
}  # fmt: skip


@pytest.mark.parametrize("kind", CORPUS)
def test_each_value_differs_from_each_other_and_from_null(source: Endpoint, target: Endpoint, kind: str) -> None:
    """A row verifies when both sides have the same value, and in no other pairing of two values, NULL among them."""
    values = (*CORPUS[kind], "NULL")
    pairs = list(product(values, values))
    flow = flow_of("t", {"id": "integer", "v": kind}, wires={"v": WIRES[kind]} if kind in WIRES else {}, public=("id",))
    for number, side in enumerate((source, target)):
        rows = ", ".join(f"({place}, ({pair[number]})::{kind})" for place, pair in enumerate(pairs))
        run(side, *_TYPES, f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})", f"INSERT INTO t VALUES {rows}")
    same = {str(place) for place, (here, there) in enumerate(pairs) if here == there}
    verdict = verify(migration_of(source, target, flow)).flows[0]
    assert (verdict.different, verdict.missing, verdict.extra) == (len(pairs) - len(same), 0, 0)
    run(target, f"DELETE FROM t WHERE id NOT IN ({', '.join(same)})")
    run(source, f"DELETE FROM t WHERE id NOT IN ({', '.join(same)})")
    assert verify(migration_of(source, target, flow)).equal


def test_what_the_target_rounds_or_trims_is_expected_so(source: Endpoint, target: Endpoint) -> None:
    """A value is compared as the target stores it; one that would have had to be cut differs."""
    run(source, "CREATE TABLE t (id int, n numeric, at timestamptz, v text, c text, d numeric, e text)")
    run(
        target,
        *_TYPES,
        "CREATE TABLE t (id int, n numeric(6,1), at timestamptz(0), v varchar(3), c char(4), d price, e mood)",
    )
    run(source, "INSERT INTO t VALUES (1, 1.25, '2024-01-01 00:00:00.5', '가나다  ', '나', 3.14159, '기쁨')")
    run(target, "INSERT INTO t VALUES (1, 1.25, '2024-01-01 00:00:00.5', '가나다  ', '나', 3.14159, '기쁨')")
    types = {"n": "numeric", "at": "timestamp with time zone", "v": "text", "c": "text", "d": "numeric", "e": "text"}
    flow = flow_of("t", {"id": "integer", **types})
    assert verify(migration_of(source, target, flow)).equal
    run(source, "UPDATE t SET v = '가나다라'")
    verdict = verify(migration_of(source, target, flow)).flows[0]
    assert (verdict.different, verdict.samples[0].columns) == (1, ("v",))


def test_a_source_in_another_encoding_is_compared_by_its_letters(source: Endpoint, target: Endpoint) -> None:
    """A database in EUC-KR and one in UTF-8 have the same rows when their letters are the same."""
    with source.session("test") as session:
        session.execute("CREATE DATABASE legacy_euc TEMPLATE template0 ENCODING 'EUC_KR' LC_COLLATE 'C' LC_CTYPE 'C'")
    legacy = Endpoint(source.host, source.port, source.user, source.password, "legacy_euc")
    try:
        for side in (legacy, target):
            run(side, "CREATE TABLE t (id text, v text)", "INSERT INTO t VALUES ('가', '상담'), ('나', '')")
        flow = flow_of("t", {"id": "text", "v": "text"})
        assert verify(migration_of(legacy, target, flow)).equal
        run(target, "UPDATE t SET v = '상답' WHERE id = '가'")
        assert verify(migration_of(legacy, target, flow)).flows[0].different == 1
    finally:
        with source.session("test") as session:
            session.execute("DROP DATABASE legacy_euc WITH (FORCE)")
