"""The catalogue, read from a real server; and the flows of an identical schema."""

from typing import Any

import psycopg
import pytest

from golive.migration.catalogue import read_catalogue
from golive.migration.endpoint import Endpoint
from golive.migration.flows import identity_flows
from golive.migration.names import TableName, quoted
from golive.migration.objects import Catalogue

SCHEMA = """
CREATE SCHEMA crm;
CREATE TYPE crm.grade AS ENUM ('일반', 'VIP');
CREATE DOMAIN crm.short AS varchar(20) CHECK (VALUE <> '');
CREATE DOMAIN crm.shorter AS crm.short NOT NULL;
CREATE TYPE crm.address AS (zip text, line varchar(100));
CREATE TABLE crm.customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name crm.shorter, grade crm.grade DEFAULT '일반',
    home crm.address, tags text[], upper_name text GENERATED ALWAYS AS (upper(name::text)) STORED,
    referrer bigint REFERENCES crm.customer, note text COLLATE "C", amount numeric(10, 2), UNIQUE (name, id));
CREATE TABLE crm.call (
    at timestamptz NOT NULL, id serial, customer bigint NOT NULL REFERENCES crm.customer ON DELETE CASCADE,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE crm.call_2024 PARTITION OF crm.call FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE crm.call_rest PARTITION OF crm.call DEFAULT PARTITION BY HASH (id);
CREATE TABLE crm.call_rest_0 PARTITION OF crm.call_rest FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE crm.person (id uuid PRIMARY KEY);
CREATE TABLE crm.agent (team text) INHERITS (crm.person);
CREATE TABLE crm.chicken (id int PRIMARY KEY, egg int);
CREATE TABLE crm.egg (id int PRIMARY KEY, chicken int REFERENCES crm.chicken);
ALTER TABLE crm.chicken ADD CONSTRAINT came_first FOREIGN KEY (egg) REFERENCES crm.egg DEFERRABLE;
CREATE TABLE crm.empty ();
CREATE TABLE crm.room (during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE VIEW crm.vip AS SELECT id FROM crm.customer WHERE grade = 'VIP';
CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON crm.customer FOR EACH ROW EXECUTE FUNCTION crm.touch();
CREATE SCHEMA golive_migration;
CREATE TABLE golive_migration.ours (id int);
"""


def apply(endpoint: Endpoint, script: str) -> None:
    with endpoint.session("test") as session:
        session.execute(script.encode())


def make_tables(endpoint: Endpoint, count: int) -> None:
    for first in range(1, count, 500):  # a transaction holds only so many locks
        last = min(first + 499, count)
        apply(
            endpoint,
            f"""DO $$ BEGIN FOR n IN {first}..{last} LOOP
            EXECUTE format('CREATE TABLE public.t%s (id int PRIMARY KEY)', n); END LOOP; END $$""",
        )


def read(endpoint: Endpoint, *schemas: str) -> Catalogue:
    with endpoint.session("test") as session:
        return read_catalogue(session, schemas or None)


def crm(name: str) -> TableName:
    return TableName("crm", name)


@pytest.fixture
def catalogue(source: Endpoint) -> Catalogue:
    apply(source, SCHEMA)
    return read(source)


def test_columns_tell_their_types_through_domains(catalogue: Catalogue) -> None:
    """A column shows its own type, what stands behind its domains, and everything that fills it."""
    columns = {column.name: column for column in catalogue.tables[crm("customer")].columns}
    assert columns["id"].identity == "a"
    assert columns["id"].not_null
    name = columns["name"]
    assert (name.type, name.limited, name.base) == ("crm.shorter", "character varying(20)", "character varying")
    assert name.not_null, "its domain forbids nulls"
    assert (columns["grade"].kind, columns["grade"].default) == ("e", "'일반'::crm.grade")
    assert columns["home"].kind == "c"
    assert (columns["tags"].kind, columns["tags"].base) == ("a", "text[]")
    assert columns["upper_name"].generated == "s"
    assert columns["note"].collation == 'pg_catalog."C"'
    assert (columns["amount"].limited, columns["amount"].base) == ("numeric(10,2)", "numeric")


def test_objects_of_every_kind_are_read(catalogue: Catalogue) -> None:
    """Types, keys, sequences, triggers and constraints stand in the catalogue; what is ours does not."""
    assert catalogue.enums == {"crm.grade": ("일반", "VIP")}
    assert catalogue.domains["crm.shorter"].base == "crm.short"
    assert catalogue.composites == {"crm.address": (("zip", "text"), ("line", "character varying(100)"))}
    assert "golive_migration" not in {name.schema for name in catalogue.tables}
    customer = catalogue.tables[crm("customer")]
    assert customer.primary_key == ("id",)
    assert customer.keys == (("id",), ("name", "id"))
    assert [key.references for key in customer.foreign_keys] == [crm("customer")]
    assert [trigger.name for trigger in customer.triggers] == ["touched"]
    assert {owner for s in catalogue.sequences.values() if (owner := s.owner)} == {
        (crm("customer"), "id"),
        (crm("call"), "id"),
    }
    assert {s.name.name: s.identity for s in catalogue.sequences.values()} == {
        "call_id_seq": False,
        "customer_id_seq": True,
    }
    assert [constraint.kind for constraint in catalogue.tables[crm("room")].constraints if constraint.kind == "x"] == [
        "x"
    ]
    assert catalogue.tables[crm("empty")].columns == ()
    assert catalogue.tables[crm("vip")].kind == "v"
    assert catalogue.version >= 140000


def test_partitions_and_heirs_know_their_parents(catalogue: Catalogue) -> None:
    """A partitioned table's rows lie in its lowest partitions; a table that inherits stands for itself."""
    call = catalogue.tables[crm("call")]
    assert set(call.leaves) == {crm("call_2024"), crm("call_rest_0")}
    assert [key.actions for key in call.foreign_keys] == ["ac"]
    assert catalogue.tables[crm("call_rest_0")].partition_of == crm("call_rest")
    assert catalogue.tables[crm("agent")].inherits == (crm("person"),)
    assert {table.name.name for table in catalogue.roots} == {
        "customer", "call", "person", "agent", "chicken", "egg", "empty", "room",
    }  # fmt: skip


def test_partitions_in_other_schemas_are_not_forgotten(source: Endpoint) -> None:
    """A partition outside the schemas that are read is still among the leaves of its parent."""
    apply(source, SCHEMA)
    apply(source, "CREATE SCHEMA old")
    apply(source, "CREATE TABLE old.call PARTITION OF crm.call FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')")
    assert TableName("old", "call") in read(source, "crm").tables[crm("call")].leaves
    alone = read(source, "old").tables[TableName("old", "call")]
    assert (alone.partition_of, alone.inherits) == (None, ())


def test_an_identical_schema_needs_no_mapping(catalogue: Catalogue) -> None:
    """Each root table becomes a flow, parents first, whose query the source understands."""
    flows = {flow.target.name: flow for flow in identity_flows(catalogue, catalogue)}
    order = list(flows)
    assert order.index("customer") < order.index("call")
    assert set(order) == {table.name.name for table in catalogue.roots}
    customer = flows["customer"]
    assert "upper_name" not in customer.names
    assert customer.key == ("id",)
    assert {column.name: column.wire for column in customer.columns} == {
        "id": "bigint", "name": "text", "grade": "text", "home": None, "tags": "text[]",
        "referrer": "bigint", "note": "text", "amount": "numeric",
    }  # fmt: skip
    assert flows["person"].relation.startswith("ONLY ")


def test_every_flow_can_be_asked(source: Endpoint) -> None:
    """The SELECT of each flow runs on the source."""
    apply(source, SCHEMA)
    catalogue = read(source)
    with source.session("test") as session:
        for flow in identity_flows(catalogue, catalogue):
            session.execute(flow.select().encode())


NAMES = [
    "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", "가" * 21, 'the "best"', "two\nlines", "select",
    "\U0001f469\u200d\U0001f467", "\u202eabc", "A b", "%s", "{x}", "$$", "a'b", "\\",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_that_postgres_keeps_is_read_and_asked(source: Endpoint, name: str) -> None:
    """Tables, columns and schemas of any name, composed or decomposed, come through unchanged."""
    q = quoted(name)
    apply(
        source,
        f"CREATE SCHEMA {q}; CREATE TYPE {q}.enum AS ENUM ('a'); CREATE TABLE {q}.{q} ({q} {q}.enum PRIMARY KEY)",
    )
    catalogue = read(source, name)
    (flow,) = identity_flows(catalogue, catalogue)
    assert (flow.target, flow.names) == (TableName(name, name), (name,))
    with source.session("test") as session:
        session.execute(flow.select().encode())


def test_questions_do_not_grow_with_tables(source: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of two hundred tables is asked no more than one of none."""
    asked: list[object] = []
    ask = psycopg.Connection.execute

    def counted(session: Any, *words: Any, **options: Any) -> Any:
        asked.append(words)
        return ask(session, *words, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    read(source)
    before = len(asked)
    make_tables(source, 200)
    asked.clear()
    assert len(read(source).tables) == 200
    assert len(asked) == before < 20
