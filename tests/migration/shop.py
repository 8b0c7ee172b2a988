"""A small shop, before and after: one table renamed, one with a lookup, one that is a query over many rows."""

from collections import Counter
from dataclasses import replace

import psycopg

from golive.migration.control import install_control
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Flow, FlowColumn, Source, UnitColumn
from golive.migration.names import TableName, quoted
from golive.migration.settings import Capture, Migration

OLD = """
CREATE SCHEMA shop;
CREATE TABLE shop.grade (code text PRIMARY KEY, label text NOT NULL);
CREATE TABLE shop.cust (no integer PRIMARY KEY, nm text NOT NULL, email text UNIQUE, grade text REFERENCES shop.grade);
CREATE TABLE shop.ord (id bigint PRIMARY KEY, cust_no integer NOT NULL REFERENCES shop.cust
    ON UPDATE CASCADE ON DELETE CASCADE, amount numeric, closed boolean NOT NULL DEFAULT false);
CREATE INDEX ON shop.ord (cust_no);
INSERT INTO shop.grade VALUES ('A', '우수'), ('B', '일반');
"""

NEW = """
CREATE TABLE public.customer (customer_id bigint PRIMARY KEY, full_name text NOT NULL, email text UNIQUE,
    grade_label text);
CREATE TABLE public.purchase (purchase_id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES public.customer
    ON DELETE CASCADE, amount numeric);
CREATE INDEX ON public.purchase (customer_id);
CREATE TABLE public.total (customer_id bigint PRIMARY KEY REFERENCES public.customer, purchases bigint NOT NULL,
    amount numeric NOT NULL);
"""

GRADE, CUST, ORD = TableName("shop", "grade"), TableName("shop", "cust"), TableName("shop", "ord")
_CUSTOMERS = "(SELECT c.no, c.nm, c.email, g.label FROM shop.cust c LEFT JOIN shop.grade g ON g.code = c.grade)"
_TOTALS = "(SELECT cust_no, count(*) AS n, sum(coalesce(amount, 0)) AS amount FROM shop.ord GROUP BY cust_no)"

CUSTOMER = Flow(
    name="customer",
    target=TableName("public", "customer"),
    columns=(
        FlowColumn("customer_id", "s.no", "bigint", "bigint"),
        FlowColumn("full_name", "btrim(s.nm)", "text", "text"),
        FlowColumn("email", "s.email", "text", "text"),
        FlowColumn("grade_label", "s.label", "text", "text"),
    ),
    key=("customer_id",),
    relation=_CUSTOMERS,
    where="",
    sources=(Source(CUST, ("no",)), Source(GRADE, ())),
    unit=(UnitColumn("customer_id", "bigint", "u.u1"),),
    unit_types=("integer",),
)
PURCHASE = Flow(
    name="purchase",
    target=TableName("public", "purchase"),
    columns=(
        FlowColumn("purchase_id", "s.id", "bigint", "bigint"),
        FlowColumn("customer_id", "s.cust_no", "bigint", "bigint"),
        FlowColumn("amount", "s.amount", "numeric", "numeric"),
    ),
    key=("purchase_id",),
    relation="shop.ord",
    where="s.amount IS DISTINCT FROM -1",
    sources=(Source(ORD, ("id",)),),
    unit=(UnitColumn("purchase_id", "bigint", "u.u1"),),
    unit_types=("bigint",),
)
TOTAL = Flow(
    name="total",
    target=TableName("public", "total"),
    columns=(
        FlowColumn("customer_id", "s.cust_no", "bigint", "bigint"),
        FlowColumn("purchases", "s.n", "bigint", "bigint"),
        FlowColumn("amount", "s.amount", "numeric", "numeric"),
    ),
    key=("customer_id",),
    relation=_TOTALS,
    where="",
    sources=(Source(ORD, ("cust_no",)),),
    unit=(UnitColumn("customer_id", "bigint", "u.u1"),),
    unit_types=("integer",),
)
FLOWS = (CUSTOMER, PURCHASE, TOTAL)
BACK = (
    Flow(
        name="cust",
        target=CUST,
        columns=(
            FlowColumn("no", "s.customer_id", "integer", "integer"),
            FlowColumn("nm", "s.full_name", "text", "text"),
            FlowColumn("email", "s.email", "text", "text"),
        ),
        key=("no",),
        relation="public.customer",
        where="",
        sources=(Source(TableName("public", "customer"), ("customer_id",)),),
        unit=(UnitColumn("no", "integer", "u.u1"),),
        unit_types=("bigint",),
    ),
    Flow(
        name="ord",
        target=ORD,
        columns=(
            FlowColumn("id", "s.purchase_id", "bigint", "bigint"),
            FlowColumn("cust_no", "s.customer_id", "integer", "integer"),
            FlowColumn("amount", "s.amount", "numeric", "numeric"),
        ),
        key=("id",),
        relation="public.purchase",
        where="",
        sources=(Source(TableName("public", "purchase"), ("purchase_id",)),),
        unit=(UnitColumn("id", "bigint", "u.u1"),),
        unit_types=("bigint",),
    ),
)
"""The way back; an order's state and a customer's grade are what the old tables keep for themselves."""


def shop(source: Endpoint, target: Endpoint, capture: Capture = "triggers") -> Migration:
    """Both schemas, empty but for the lookup."""
    with source.session("test") as session:
        session.execute(OLD)
    with target.session("test") as session:
        session.execute(NEW)
        install_control(session)
    return Migration("shop", source, target, FLOWS, "sha256:" + "0" * 64, capture=capture)


def write(endpoint: Endpoint, *statements: str) -> None:
    """As the application does, in one transaction."""
    with endpoint.session("application", search_path="shop,public") as session, session.transaction():
        for statement in statements:
            session.execute(statement.encode())


def load(migration: Migration) -> None:
    """All rows at once, without any of the engine's care."""
    for flow in migration.flows:
        with migration.source.session("test") as source, migration.target.session("test") as target:
            read, write = f"COPY ({flow.select()}) TO STDOUT", f"COPY {flow.target.sql} ({flow.name_list}) FROM STDIN"
            with source.cursor().copy(read.encode()) as rows, target.cursor().copy(write.encode()) as into:
                for row in rows:
                    into.write(row)


def differences(migration: Migration) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """Per flow, the rows that only the mapped source has and those that only the target has, as text."""
    found = {}
    for flow in migration.flows:
        wanted = replace(flow, columns=tuple(replace(column, wire="text") for column in flow.columns))
        names = ", ".join(f"{quoted(name)}::text" for name in flow.names)
        with migration.source.session("test") as session:
            old = _texts(session, wanted.select())
        with migration.target.session("test") as session:
            new = _texts(session, f"SELECT {names} FROM {flow.target.sql}")
        if old != new:
            found[flow.name] = (old - new, new - old)
    return found


def _texts(session: psycopg.Connection, query: str) -> Counter[str]:
    return Counter(repr(row) for row in session.execute(query.encode()).fetchall())
