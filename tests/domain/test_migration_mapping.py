"""The mapping file: its grammar, and what is made of it without a database."""

from pathlib import Path

import pytest

from golive.migration.errors import MappingInvalid
from golive.migration.flow import Flow
from golive.migration.flows import flows
from golive.migration.mapping import DataMapping
from golive.migration.mapping_file import load_mapping, mapping_from_data, parse_mapping
from golive.migration.mapping_shapes import table_name, written
from golive.migration.names import TableName
from golive.migration.objects import Catalogue, Column, Constraint, ForeignKey, Index, Table
from golive.migration.order import parents_first
from golive.migration.schema import FILE, mapping_schema
from golive.migration.sql_words import called, has_star, lone_column, mentioned, takes_whole_row
from golive.migration.wire import wire_of

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "include/examples/contact_center/migration/mapping.yaml"


def column(name: str, kind: str = "text", not_null: bool = False) -> Column:
    base = kind.partition("(")[0]
    return Column(name, 1, kind, kind, base, "b", not_null, None)


def table(name: str, *columns: Column, parents: tuple[str, ...] = ()) -> Table:
    """A table of ``public`` whose first column is its primary key."""
    key = (columns[0].name,)
    references = tuple(
        ForeignKey(parent, ("p",), TableName("public", parent), key, "", "aa", False, True) for parent in parents
    )
    return Table(
        TableName("public", name),
        "r",
        columns,
        leaves=(TableName("public", name),),
        constraints=(Constraint("k", "p", key, "", False, True),),
        foreign_keys=references,
        indexes=(Index("k", key, True, False, True, "", "k"),),
    )


def catalogue(*tables: Table) -> Catalogue:
    return Catalogue("test", 180000, {entry.name: entry for entry in tables})


def flow_of(text: str, source: Table, target: Table) -> Flow:
    (flow,) = flows(parse_mapping("schema: 1\n" + text, "m").mapping, catalogue(source), catalogue(target))
    return flow


OLD = table("t", column("no", "bigint", not_null=True), column("nm"), column("tel"), column("mobile"))
NEW = table("t", column("id", "bigint", not_null=True), column("nm"))


def test_the_example_is_read_and_restored() -> None:
    """What is stored of a mapping gives the same mapping, with the same digest."""
    mapping = load_mapping(EXAMPLE).mapping
    assert mapping_from_data(mapping.as_data()) == mapping
    assert mapping_from_data(mapping.as_data()).digest == mapping.digest


def test_the_published_schema_is_the_model_s() -> None:
    """Editors check what the reader checks."""
    assert (ROOT / "docs/schema" / FILE).read_text() == mapping_schema(), "run: python -m golive.migration.schema"


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("schema: 2", "not_a_choice", 1),
        ("schema: 1\ntabels: {}", "unknown_key", 2),
        ("schema: 1\ntables: {t: {colums: {}}}", "unknown_key", 2),
        ("schema: 1\ntables:\n  a.b.c: {}", "shape_table", 3),
        ("schema: 1\ntables:\n  t:\n    columns: {x: ' '}", "shape_sql", 4),
        ("schema: 1\ntables:\n  t:\n    columns: {x: 1}", "needs_text", 4),
        ("schema: 1\ntables:\n  t:\n    columns:\n      " + "가" * 22 + ": s.x", "shape_object", 5),
        ("schema: 1\ntables:\n  t:\n    clean: [{column: x, when: 'true', sql: 'NULL'}]", "missing", 4),
        ("schema: 1\ntables:\n  t: {}\n  t: {}", "duplicate_key", 4),
    ],
)
def test_a_wrong_file_says_where(text: str, key: str, line: int) -> None:
    """Every problem of the grammar has its line."""
    with pytest.raises(MappingInvalid) as caught:
        parse_mapping(text, "mapping.yaml")
    assert [(found.finding.key, found.line) for found in caught.value.problems] == [(key, line)]
    assert caught.value.message("ko").startswith("매핑")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("customer", TableName("public", "customer")),
        ("crm.고객", TableName("crm", "고객")),
        ('"my.crm"."the ""best"""', TableName("my.crm", 'the "best"')),
        ("a\nb", TableName("public", "a\nb")),
    ],
)
def test_tables_are_written_as_one_would(text: str, name: TableName) -> None:
    """Case is kept, ``public`` need not be said, and what has a dot stands in quotes."""
    assert table_name(text) == name
    assert table_name(written(name)) == name


def test_words_of_sql_are_found() -> None:
    """Names in texts, comments and dollar quotes are not mentioned; folding is PostgreSQL's."""
    assert mentioned(["s.Name || '-x' -- y\n || \"A b\" || $q$z$q$ /* w */"]) == {"s", "name", "A b"}
    assert called(["coalesce(Lower (s.x), 'now()')"]) == {"coalesce", "lower"}
    assert takes_whole_row("to_jsonb(s)", "s")
    assert takes_whole_row("row(s.*)", "s")
    assert not takes_whole_row("s.a + x.s", "s")
    assert has_star("SELECT c.*, count(*) FROM c")
    assert not has_star("SELECT count(*), a * 2 FROM c")
    assert lone_column(' S."A" ') is None
    assert [lone_column(text) for text in ('s."A"', "s.A", "s . 이름", "s.a + 1")] == ["A", "a", "이름", None]


def test_a_renamed_column_stays_plain() -> None:
    """A mapped key that is a column unchanged lets the source's index be used."""
    flow = flow_of("tables: {t: {columns: {id: s.no}}}", OLD, NEW)
    assert [(entry.name, entry.expression) for entry in flow.columns] == [("id", 's."no"'), ("nm", 's."nm"')]
    assert [(unit.name, unit.expression) for unit in flow.unit] == [("id", "u.u1")]
    assert (flow.sources[0].unit, flow.unit_types) == (("no",), ("bigint",))
    assert flow.pages == (OLD.name,)


def test_a_computed_key_depends_on_captured_columns_alone() -> None:
    """The unit's expression sees a row of the captured columns and nothing else."""
    flow = flow_of("tables: {t: {columns: {id: s.no + 1000000}}}", OLD, NEW)
    assert flow.unit[0].expression == '(SELECT s.no + 1000000 FROM (SELECT u.u1 AS "no") s)'


def test_a_split_is_chunked_by_the_source_s_number() -> None:
    """Rows that become several travel as a query; their unit is what they have of the one row."""
    target = table("t", column("id", "bigint", not_null=True), column("kind"), column("number"))
    text = (
        "tables: {t: {key: [id, kind], columns: {id: s.no},"
        ' split: {columns: [kind, number], rows: [["\'집\'", s.tel], ["\'휴대"\'"\'", s.mobile]]}}}'
    ).replace('"\'휴대"\'"\'"', "\"'휴대'\"")
    flow = flow_of(text, OLD, target)
    assert flow.relation == (
        '(SELECT s.*, e.* FROM "public"."t" s CROSS JOIN LATERAL'
        " (VALUES ('집', s.tel), ('휴대', s.mobile)) e (\"kind\", \"number\"))"
    )
    assert (flow.split, flow.pages, [unit.name for unit in flow.unit]) == ("no", (), ["id"])


def test_cleansing_and_rejects_become_sql() -> None:
    """The first rule that fits wins; a rejected row does not travel, and an unknown answer rejects nothing."""
    text = (
        "tables: {t: {columns: {id: s.no}, where: s.no > 0, reject: [{when: s.nm = '', why: 빈 이름}],"
        " clean: [{column: nm, when: s.nm ~ '^ ', sql: ltrim(s.nm), why: 앞 빈칸}]}}"
    )
    flow = flow_of(text, OLD, NEW)
    assert flow.columns[1].expression == "CASE WHEN s.nm ~ '^ ' THEN ltrim(s.nm) ELSE s.\"nm\" END"
    assert flow.where == "(s.no > 0) AND (s.nm = '') IS NOT TRUE"
    assert [(rule.column, rule.condition, rule.why) for rule in flow.cleansing] == [("nm", "(s.nm ~ '^ ')", "앞 빈칸")]
    assert [(rule.condition, rule.why) for rule in flow.rejects] == [("(s.no > 0) AND (s.nm = '')", "빈 이름")]


def test_parents_come_first_and_circles_end() -> None:
    """Children follow their parents, whatever their names; a circle of keys does not stop the order."""
    key = column("id", "integer", not_null=True)
    tables = catalogue(
        table("a", key, parents=("b", "x")), table("b", key, parents=("c",)), table("c", key),
        table("x", key, parents=("y", "x")), table("y", key, parents=("x",)),
    )  # fmt: skip
    assert [name.name for name in parents_first(tables.tables, tables)] == ["c", "b", "x", "y", "a"]


def test_a_long_chain_of_keys_is_ordered() -> None:
    """Ten thousand tables in one chain are as easy as ten."""
    key = column("id", "integer", not_null=True)
    names = [f"t{number:05}" for number in range(10_000)]
    tables = catalogue(*(table(name, key, parents=names[place + 1 : place + 2]) for place, name in enumerate(names)))
    assert [name.name for name in parents_first(tables.tables, tables)] == names[::-1]


@pytest.mark.parametrize(
    ("base", "kind", "wire"),
    [
        ("character varying", "b", "text"), ("bit", "b", "bit varying"), ("numeric", "b", "numeric"),
        ("crm.grade", "e", "text"), ("crm.grade[]", "a", None), ("crm.address", "c", None),
        ("integer[]", "a", "integer[]"),
        ("money", "b", None), ("xml", "b", None), ("public.citext", "b", None), ("int4range", "r", "int4range"),
    ],
)  # fmt: skip
def test_what_travels_as_what(base: str, kind: str, wire: str | None) -> None:
    """Only a type that is PostgreSQL's own and means the same everywhere travels in its binary form."""
    assert wire_of(Column("x", 1, base, base, base, kind, False, None)) == wire


def test_an_empty_mapping_is_the_identity() -> None:
    """No file at all means: same name, same type."""
    (flow,) = flows(DataMapping(), catalogue(OLD), catalogue(OLD))
    assert flow.names == ("no", "nm", "tel", "mobile")
    assert flow.key == ("no",)
