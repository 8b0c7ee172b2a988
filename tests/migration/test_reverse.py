"""The way back: derived where it follows, refused at plan time where it does not."""

import pytest

from golive.migration.check import Checked, check
from golive.migration.endpoint import Endpoint
from golive.migration.errors import Irreversible
from golive.migration.mapping_file import MappingFile, parse_mapping
from golive.migration.reverse import reverse

OLD = "CREATE TABLE cust (no int PRIMARY KEY, nm text NOT NULL, grd text, fax text)"
NEW = "CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, grade text)"
THERE = """schema: 1
lookups: {grade: {rows: {"1": one, "2": two}}}
tables:
  customer:
    from: cust
    columns: {id: s.no, name: s.nm}
    lookups: {grade: {in: grade, of: s.grd}}
ignore: {cust: [fax]}
"""


def way_back(source: Endpoint, target: Endpoint, old: str, new: str, mapping: str) -> Checked:
    for side, script in ((source, old), (target, new)):
        with side.session("test", search_path="public,pg_catalog") as session:
            session.execute(script.encode())
    file = parse_mapping(mapping, "mapping.yaml") if mapping else MappingFile()
    return reverse(file, check(file, source, target), source, target)


def test_copies_and_lookups_turn_round_by_themselves(source: Endpoint, target: Endpoint) -> None:
    """A copy goes back as a copy, a lookup by its value, and a column that was dropped keeps what it has."""
    accepted = THERE + "reverse: {tables: {cust: {accept: {grd: 새 등급은 둘뿐}}}}\n"
    (flow,) = way_back(source, target, OLD, NEW, accepted).flows
    assert {column.name for column in flow.columns} == {"no", "nm", "grd"}
    assert [(unit.name, unit.expression) for unit in flow.unit] == [("no", "u.u1")]
    with target.session("test") as session:
        session.execute("INSERT INTO public.customer VALUES (7, '김', 'two'), (8, '이', NULL)")
        assert session.execute(flow.select().encode()).fetchall() == [(7, "김", "2"), (8, "이", None)]


def test_an_identical_schema_goes_back_without_a_word(source: Endpoint, target: Endpoint) -> None:
    """With no mapping there, none is needed back."""
    (flow,) = way_back(source, target, OLD, OLD, "").flows
    assert flow.names == ("no", "nm", "grd", "fax")


@pytest.mark.parametrize(
    ("old", "new", "mapping", "named"),
    [
        (OLD, NEW.replace("grade", "born date, grade"), THERE, "public.customer.born"),
        (OLD, NEW + "; CREATE TABLE fresh (id int PRIMARY KEY)", THERE, "public.fresh"),
        (OLD.replace("fax text", "fax text NOT NULL"), NEW, THERE, "public.cust.fax"),
        (OLD, NEW, THERE.replace("name: s.nm", "name: upper(s.nm)"), "public.cust.nm"),
        (OLD, NEW, THERE.replace('"2": two', '"2": one'), "public.cust.grd"),
        (OLD, NEW, THERE.replace("from: cust", "from: cust\n    where: s.no > 0"), "public.cust"),
        (OLD.replace("nm text", "nm varchar(10)"), NEW, THERE, "public.cust.nm"),
        (OLD.replace("no int", "no smallint"), NEW, THERE, "public.cust.no"),
        (OLD, NEW, THERE, "public.cust.grd"),
        (OLD.replace("grd text", "grd text NOT NULL"), NEW, THERE, "public.cust.grd"),
    ],
)
def test_what_cannot_come_back_is_named_at_plan_time(
    source: Endpoint, target: Endpoint, old: str, new: str, mapping: str, named: str
) -> None:
    """A new column, a lost table, an expression, a lookup with equal values, rows left behind, a value that may not
    fit: each is refused before go-live, by name."""
    with pytest.raises(Irreversible) as caught:
        way_back(source, target, old, new, mapping)
    assert named in caught.value.data["columns"].split("; ")
    assert named in caught.value.message("ko")
