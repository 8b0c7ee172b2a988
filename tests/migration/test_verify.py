"""A verification never says that two sides are the same when one row, one byte or one object is not."""

from dataclasses import dataclass

import pytest

from golive.migration.control import install_control
from golive.migration.endpoint import Endpoint
from golive.migration.errors import RowsDiffer, ServerFailed, TargetFlawed
from golive.migration.flow import Flow
from golive.migration.settings import Migration
from golive.migration.verdict import Flaw
from golive.migration.verify import RawDifference, unit_verifier, verify, verify_objects, verify_units
from tests.migration.proof import flow_of, migration_of, run

ROWS = 5000
_COLUMNS = {"id": "bigint", "name": "text", "amount": "numeric", "ratio": "double precision"}
_TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, name text, amount numeric, ratio float8)"
_FILL = f"INSERT INTO t SELECT i, '고객' || i, i * 1.10, i / 3.0 FROM generate_series(1, {ROWS}) i"


@pytest.fixture
def pair(source: Endpoint, target: Endpoint) -> Migration:
    """The same table on both sides."""
    for side in (source, target):
        run(side, _TABLE, _FILL)
    return migration_of(source, target, flow_of("t", _COLUMNS, public=("id",)))


def test_equal_tables_are_equal(pair: Migration) -> None:
    """Nothing is said to differ, and all rows are counted on both sides."""
    found = verify(pair)
    assert found.equal
    assert [(flow.source_rows, flow.target_rows, flow.samples) for flow in found.flows] == [(ROWS, ROWS, ())]


DAMAGE: dict[str, tuple[str, tuple[int, int, int], str, tuple[str, ...]]] = {
    "a row deleted": ("DELETE FROM t WHERE id = 77", (1, 0, 0), "id=77", ()),
    "a row inserted": ("INSERT INTO t VALUES (9999, '', 0, 0)", (0, 1, 0), "id=9999", ()),
    "a byte changed": ("UPDATE t SET name = '고갟42' WHERE id = 42", (0, 0, 1), "id=42", ("name",)),
    "a scale changed": ("UPDATE t SET amount = amount * 1.0 WHERE id = 42", (0, 0, 1), "id=42", ("amount",)),
    "a sign of zero": ("UPDATE t SET ratio = '-0' WHERE id = 42", (0, 0, 1), "id=42", ("ratio",)),
    "an empty text": ("UPDATE t SET name = NULL WHERE id = 42", (0, 0, 1), "id=42", ("name",)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_one_damaged_row_is_named(pair: Migration, damage: str) -> None:
    """The verdict counts the row, names its key, and for a changed row the columns."""
    statement, counts, key, columns = DAMAGE[damage]
    run(pair.target, statement)
    found = verify(pair)
    assert not found.equal
    flow = found.flows[0]
    assert (flow.missing, flow.extra, flow.different) == counts
    assert [(sample.key, sample.columns) for sample in flow.samples] == [(key, columns)]


def test_two_rows_that_exchange_a_value_differ(pair: Migration) -> None:
    """Sums over a table stay the same when two rows exchange a value; the verdict must not."""
    run(
        pair.target,
        "UPDATE t SET name = CASE id WHEN 10 THEN '고객11' ELSE '고객10' END WHERE id IN (10, 11)",
    )
    flow = verify(pair).flows[0]
    assert (flow.different, {sample.key for sample in flow.samples}) == (2, {"id=10", "id=11"})


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_doubled_row_is_extra(pair: Migration, key: tuple[str, ...]) -> None:
    """Rows are compared as a multiset, whether the table has a key or not, and an even number of copies shows too."""
    run(pair.target, "ALTER TABLE t DROP CONSTRAINT t_pkey")
    run(pair.target, *["INSERT INTO t SELECT * FROM t WHERE id = 5 LIMIT 1"] * 2)
    flow = verify(_with(pair, flow_of("t", _COLUMNS, key))).flows[0]
    assert (flow.missing, flow.extra, flow.different, flow.target_rows) == (0, 2, 0, ROWS + 2)


def test_exchanged_values_differ_without_a_key(pair: Migration) -> None:
    """Without a key too the columns of a row belong together: two rows are missing, and two are over."""
    run(pair.target, "UPDATE t SET amount = CASE id WHEN 10 THEN 12.10 ELSE 11.00 END WHERE id IN (10, 11)")
    flow = verify(_with(pair, flow_of("t", _COLUMNS, ()))).flows[0]
    assert (flow.missing, flow.extra, flow.different) == (2, 2, 0)


def test_the_smallest_exchange_differs_under_every_seed(source: Endpoint, target: Endpoint) -> None:
    """In one bucket, without a key, only hashes that are no sums over columns tell two rows from two mixed ones."""
    for side, statement in ((source, "VALUES (1, 'a'), (2, 'b')"), (target, "VALUES (1, 'b'), (2, 'a')")):
        run(side, f"CREATE TABLE two AS SELECT * FROM ({statement}) v (x, y)")
    mixed = migration_of(source, target, flow_of("two", {"x": "integer", "y": "text"}, ()))
    assert [verify(mixed).flows[0].count for _ in range(20)] == [4] * 20


def test_as_many_columns_as_a_table_can_have(source: Endpoint, target: Endpoint) -> None:
    """The last of 1,600 columns counts like the first."""
    columns = {f"c{number}": "integer" for number in range(1600)}
    for side in (source, target):
        run(
            side,
            f"CREATE TABLE wide ({', '.join(f'{name} int' for name in columns)})",
            "INSERT INTO wide (c0) VALUES (1)",
        )
    wide = migration_of(source, target, flow_of("wide", columns, ("c0",), public=("c0",)))
    assert verify(wide).equal
    run(target, "UPDATE wide SET c1599 = 0")
    assert verify(wide).flows[0].samples[0].columns == ("c1599",)


def test_wholly_different_tables_are_counted_exactly(pair: Migration) -> None:
    """However much differs, every row is counted, and only some are named."""
    run(
        pair.target,
        "DELETE FROM t WHERE id <= 10",
        "UPDATE t SET amount = 0",
        f"INSERT INTO t (id) SELECT i FROM generate_series({ROWS + 1}, {ROWS + 10}) i",
    )
    flow = verify(pair).flows[0]
    assert (flow.missing, flow.extra, flow.different, len(flow.samples)) == (10, 10, ROWS - 10, 100)


def test_an_empty_target_is_not_equal(pair: Migration) -> None:
    """No rows at all are missing rows; two empty tables are equal; no flow at all is no proof."""
    run(pair.target, "TRUNCATE t")
    assert verify(pair).flows[0].missing == ROWS
    run(pair.source, "TRUNCATE t")
    assert verify(pair).equal
    assert not verify(_with(pair)).equal


def test_raw_rows_go_only_where_they_are_asked_for(pair: Migration) -> None:
    """Whoever keeps the differing rows is given both versions of each."""
    run(pair.target, "UPDATE t SET name = '다른 이름' WHERE id = 42", "DELETE FROM t WHERE id = 43")
    kept: list[RawDifference] = []
    verify(pair, keep=kept.append)
    by_key = {(row.source or row.target or ())[0]: row for row in kept}
    assert by_key["42"].source == ("42", "고객42", "46.20", "14")
    assert by_key["42"].target == ("42", "다른 이름", "46.20", "14")
    assert by_key["43"].target is None


def test_the_source_is_read_in_the_snapshot_that_is_given(pair: Migration) -> None:
    """What is written on the source after a pass's snapshot does not make its image differ; a gone one is refused."""
    with pair.source.session("pass") as session:
        with session.transaction():
            session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            row = session.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None
            run(pair.source, "DELETE FROM t WHERE id < 100")
            assert verify(pair, str(row[0])).equal
        assert not verify(pair).equal
        with pytest.raises(ServerFailed):
            verify(pair, str(row[0]))


_PARENT = (
    "CREATE TABLE p (id bigint PRIMARY KEY)",
    "INSERT INTO p SELECT id FROM t",
)
_KEY = "ALTER TABLE t ADD CONSTRAINT up FOREIGN KEY (id) REFERENCES p"
FLAWS: dict[str, tuple[Flaw, str, int, tuple[str, ...]]] = {
    "a sequence behind": (
        Flaw.SEQUENCE_BEHIND, "public.t_seq", 10,
        ("CREATE SEQUENCE t_seq OWNED BY t.id", "SELECT setval('t_seq', 4990)"),
    ),
    "a sequence never used": (
        Flaw.SEQUENCE_BEHIND, "public.lone", ROWS,
        ("CREATE SEQUENCE lone", "ALTER TABLE t ALTER id SET DEFAULT nextval('lone')"),
    ),
    "an identity behind": (
        Flaw.SEQUENCE_BEHIND, "public.t_id_seq", ROWS,
        ("ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",),
    ),
    "a check not valid": (
        Flaw.CONSTRAINT_NOT_VALID, "small", 0,
        ("ALTER TABLE t ADD CONSTRAINT small CHECK (id < 10) NOT VALID",),
    ),
    "a foreign key not valid": (Flaw.CONSTRAINT_NOT_VALID, "up", 0, (*_PARENT, f"{_KEY} NOT VALID")),
    "orphans behind a valid key": (
        Flaw.ORPHANS, "up", 3,
        (*_PARENT, _KEY, "SET session_replication_role = replica", "DELETE FROM p WHERE id <= 3"),
    ),
    "an index not valid": (
        Flaw.INDEX_NOT_VALID, "broken", 0,
        ("CREATE INDEX broken ON t (name)",
         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", FLAWS)
def test_a_flawed_object_is_named(pair: Migration, damage: str) -> None:
    """Equal rows are not enough: the object that does not hold is named, and the verdict is not equal."""
    flaw, name, count, statements = FLAWS[damage]
    run(pair.target, *statements)
    found = verify(pair)
    assert not found.equal
    assert [(each.flaw, each.table, each.name, each.count) for each in found.flaws] == [(flaw, "public.t", name, count)]


def test_a_foreign_key_between_types_is_looked_at(pair: Migration) -> None:
    """The key's own operator compares, and a row whose key is not set has no parent to miss."""
    run(
        pair.target,
        "CREATE TABLE p (id bigint PRIMARY KEY)",
        "INSERT INTO p VALUES (1)",
        "ALTER TABLE t ADD small smallint REFERENCES p",
        "SET session_replication_role = replica",
        "UPDATE t SET small = id WHERE id <= 3",
    )
    assert [(flaw.flaw, flaw.name, flaw.count) for flaw in verify_objects(pair)] == [(Flaw.ORPHANS, "t_small_fkey", 2)]


def test_sequences_that_are_ahead_are_right(pair: Migration) -> None:
    """A sequence whose next value is free is no flaw, one that counts down neither."""
    run(
        pair.target,
        "CREATE SEQUENCE up OWNED BY t.id",
        f"SELECT setval('up', {ROWS})",
        "CREATE SEQUENCE down INCREMENT -1 OWNED BY t.id",
        "SELECT setval('down', -1)",
    )
    assert verify(pair).equal


@dataclass(frozen=True)
class Chosen:
    flow: Flow
    source_condition: str
    target_condition: str


def test_changed_units_alone_are_compared(pair: Migration) -> None:
    """Only rows for which the conditions hold count, and they may read temporary tables of the caller's sessions."""
    run(pair.target, "UPDATE t SET name = '' WHERE id = 42", "DELETE FROM t WHERE id = 99")
    check = unit_verifier(pair)
    with pair.source.session("final") as source, pair.target.session("final") as target:
        for session in (source, target):
            session.execute("CREATE TEMP TABLE changed AS SELECT 7::bigint AS id")
        mine = "EXISTS (SELECT FROM pg_temp.changed u WHERE u.id = {}.id)"
        part = Chosen(pair.flows[0], mine.format("s"), mine.format("t"))
        found = verify_units(pair, [part], source, target)
        assert (found.equal, found.flows[0].source_rows, found.flows[0].target_rows) == (True, 1, 1)
        check([part], source, target)
        check([], source, target)
        source.execute("INSERT INTO changed VALUES (42), (99)")
        target.execute("INSERT INTO changed VALUES (42), (99)")
        with pytest.raises(RowsDiffer) as caught:
            check([part], source, target)
        assert caught.value.data == {"count": 2, "tables": "public.t"}
        with pytest.raises(RowsDiffer):
            check([Chosen(pair.flows[0], "", "")], source, target)


def test_what_was_put_aside_and_is_not_back_is_named(pair: Migration) -> None:
    """An index, key or trigger that stood before the load and does not stand again blocks, but for one held loose."""
    with pair.target.session("test") as session:
        install_control(session)
    aside = "INSERT INTO golive_migration.aside VALUES ('move', {}, 10, 'public.t', '{}', '{}', '', '', now(), NULL)"
    names = (("t_name", "index"), ("t_pkey", "key"), ("t_up", "foreign"), ("t_log", "trigger"))
    run(pair.target, *(aside.format(number, *each) for number, each in enumerate(names)))
    assert [(flaw.flaw, flaw.name) for flaw in verify_objects(pair)] == [
        (Flaw.TRIGGER_MISSING, "t_log"),
        (Flaw.INDEX_MISSING, "t_name"),
        (Flaw.CONSTRAINT_MISSING, "t_up"),
    ]
    held = 'INSERT INTO golive_migration.held (migration, "table", name, hold_sql, release_sql)'
    run(pair.target, "CREATE INDEX t_name ON t (name)", f"{held} VALUES ('move', 'public.t', 't_up', '', '')")
    found = verify(pair)
    assert [(flaw.flaw, flaw.name) for flaw in found.flaws] == [(Flaw.TRIGGER_MISSING, "t_log")]
    with pytest.raises(TargetFlawed):
        found.require_equal()


def _with(pair: Migration, *flows: Flow) -> Migration:
    return migration_of(pair.source, pair.target, *flows)
