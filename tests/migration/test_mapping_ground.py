"""Schemas of every shape, names of every kind, and logins with too few rights, before a mapping."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from golive.migration.check import Checked, check
from golive.migration.endpoint import Endpoint
from golive.migration.errors import MappingInvalid
from golive.migration.mapping import DataMapping
from golive.migration.mapping_file import MappingFile, parse_mapping
from golive.migration.mapping_shapes import written
from golive.migration.names import TableName, quoted
from golive.secret import Secret
from tests.domain.conftest import Postgres
from tests.migration.test_catalogue import NAMES, SCHEMA


def apply(endpoint: Endpoint, script: str) -> None:
    with endpoint.session("test") as session:
        session.execute(script.encode())


def told(source: Endpoint, target: Endpoint, file: MappingFile | None = None) -> set[str]:
    try:
        check(file or MappingFile(), source, target)
    except MappingInvalid as error:
        return {problem.finding.key.removeprefix("mapping.") for problem in error.problems}
    return set()


@pytest.fixture
def role(postgres: Postgres) -> Iterator[str]:
    name = f"r{secrets.token_hex(4)}"
    with postgres.connect("postgres") as session:
        session.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'w'")
    yield name
    with postgres.connect("postgres") as session:
        session.execute(f"DROP ROLE {name}")


def as_role(role: str, side: Endpoint) -> Endpoint:
    return replace(side, user=role, password=Secret("w"))


def test_every_shape_of_schema_passes_unchanged(source: Endpoint, target: Endpoint) -> None:
    """Partitions, heirs, circles of keys, exclusion, identity, composites, no columns at all: no word is needed."""
    apply(source, SCHEMA)
    apply(target, SCHEMA)
    assert told(source, target) == set()


def test_sixteen_hundred_columns_pass(source: Endpoint, target: Endpoint) -> None:
    """The widest table that PostgreSQL has, with an expression for each column."""
    items = ", ".join(f"c{number} smallint" for number in range(1599))
    for side in (source, target):
        apply(side, f"CREATE TABLE public.wide (id int PRIMARY KEY, {items})")
    lines = "".join(f"      c{number}: s.c{number} + 0::smallint\n" for number in range(1599))
    file = parse_mapping(f"schema: 1\ntables:\n  wide:\n    columns:\n{lines}", "mapping.yaml")
    assert told(source, target, file) == set()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_mapped(source: Endpoint, target: Endpoint, name: str) -> None:
    """A table and a column of any name, on either side, in composed or decomposed letters."""
    q = quoted(name)
    apply(source, f"CREATE SCHEMA {q}; CREATE TABLE {q}.{q} (id int PRIMARY KEY, {q} text)")
    apply(target, f"CREATE TABLE public.t (id int PRIMARY KEY, x text); CREATE TABLE public.{q} ({q} int PRIMARY KEY)")
    path = written(TableName(name, name))
    there = {"from": path, "columns": {"x": f"upper(s.{q})"}}
    here = {"from": path, "columns": {name: "s.id"}}
    data = {"schema": 1, "tables": {"t": there, written(TableName("public", name)): here}}
    checked = check(MappingFile(DataMapping.model_validate(data)), source, target)
    with source.session("test") as session:
        for flow in checked.flows:
            session.execute(flow.select().encode())
    assert {flow.names for flow in checked.flows} == {("id", "x"), (name,)}


def test_composed_and_decomposed_names_are_two(source: Endpoint, target: Endpoint) -> None:
    """PostgreSQL keeps both; one never stands for the other, and the problem names what was meant."""
    apply(source, "CREATE TABLE public.t (id int PRIMARY KEY, 한글 text)")
    apply(target, "CREATE TABLE public.t (id int PRIMARY KEY, \u1112\u1161\u11ab\u1100\u1173\u11af text NOT NULL)")
    assert told(source, target) == {"column_missing", "column_dropped"}


@pytest.mark.parametrize(
    ("keys", "unit"),
    [("PRIMARY KEY (a, b)", ["a", "b"]), ("PRIMARY KEY (b)", ["b"]), ("PRIMARY KEY (c)", ["c"]), ("CHECK (true)", [])],
)
def test_keys_of_every_kind(source: Endpoint, target: Endpoint, keys: str, unit: list[str]) -> None:
    """Composite, text and uuid keys are units; a table without one is copied as a whole."""
    for side in (source, target):
        apply(side, f"CREATE TABLE public.t (a int, b text, c uuid, {keys})")
    (flow,) = check(MappingFile(), source, target).flows
    assert [column.name for column in flow.unit] == unit


def test_what_a_login_may_not_do_is_told(role: str, postgres: Postgres, source: Endpoint, target: Endpoint) -> None:
    """No SELECT on the source, not the owner on the target, a policy that hides rows: told before anything runs."""
    apply(source, "CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public.u (id int PRIMARY KEY)")
    apply(source, f"GRANT SELECT ON public.u TO {role}; ALTER TABLE public.u ENABLE ROW LEVEL SECURITY")
    apply(target, "CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public.u (id int PRIMARY KEY)")
    assert told(as_role(role, source), as_role(role, target)) >= {"not_selectable", "not_owned", "hides_rows"}
    for side in (source, target):
        apply(side, f"DROP OWNED BY {role}")


def test_an_ordinary_owner_is_enough(role: str, postgres: Postgres, source: Endpoint, target: Endpoint) -> None:
    """A login that owns the tables on both sides can check every mapping."""
    for side in (source, target):
        apply(side, f"GRANT CREATE ON SCHEMA public TO {role}; GRANT CREATE ON DATABASE {side.database} TO {role}")
        apply(as_role(role, side), "CREATE TABLE public.t (id int PRIMARY KEY, x numeric(5, 2))")
    checked: Checked = check(MappingFile(), as_role(role, source), as_role(role, target))
    assert [flow.target.name for flow in checked.flows] == ["t"]
    for side in (source, target):
        apply(side, f"DROP OWNED BY {role}")


def test_nothing_of_a_row_is_said(source: Endpoint, target: Endpoint) -> None:
    """A value that breaks an expression is a person's: the problem names the column and no part of the value."""
    apply(
        source, "CREATE TABLE public.t (id int PRIMARY KEY, x text); INSERT INTO public.t VALUES (1, '700101-1234567')"
    )
    apply(target, "CREATE TABLE public.t (id int PRIMARY KEY, x int)")
    file = parse_mapping("schema: 1\ntables: {t: {columns: {x: 's.x::integer'}}}", "mapping.yaml")
    with pytest.raises(MappingInvalid) as caught:
        check(file, source, target)
    assert "700101" not in str(caught.value) + repr(caught.value.problems)


def test_a_slow_question_is_left_undecided(source: Endpoint, target: Endpoint) -> None:
    """What the source cannot answer in its time is a problem, not a guess."""
    apply(source, "CREATE TABLE public.t (id int PRIMARY KEY, x text); INSERT INTO public.t VALUES (1, 'a')")
    apply(target, "CREATE TABLE public.t (id int PRIMARY KEY, x text)")
    endless = "s.x || (SELECT count(*) FROM generate_series(1, 10000000000))::text"
    file = parse_mapping(f"schema: 1\ntables: {{t: {{columns: {{x: '{endless}'}}}}}}", "mapping.yaml")
    with pytest.raises(MappingInvalid) as caught:
        check(file, source, target, seconds=1)
    assert "mapping.undecided" in {problem.finding.key for problem in caught.value.problems}


def test_checking_changes_nothing(source: Endpoint, target: Endpoint) -> None:
    """An expression that would write is refused: everything is asked in a transaction that only reads."""
    apply(source, "CREATE TABLE public.t (id int PRIMARY KEY, x text); INSERT INTO public.t VALUES (1, 'a')")
    apply(source, "CREATE FUNCTION public.w(v text) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN"
          " PERFORM pg_notify('a', v); EXECUTE 'DELETE FROM public.t'; RETURN v; END $$")  # fmt: skip
    apply(target, "CREATE TABLE public.t (id int PRIMARY KEY, x text)")
    file = parse_mapping("schema: 1\ntables: {t: {columns: {x: public.w(s.x)}}}", "mapping.yaml")
    with pytest.raises(MappingInvalid, match="not allowed"):
        check(file, source, target)
    with source.session("test") as session:
        assert session.execute("SELECT count(*) FROM public.t").fetchone() == (1,)
