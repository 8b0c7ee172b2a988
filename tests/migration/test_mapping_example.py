"""The contact centre's own mapping, against its old and new schema with all their dirt."""

from pathlib import Path

import psycopg
import pytest

from golive.migration.check import Checked, check
from golive.migration.endpoint import Endpoint
from golive.migration.mapping_file import MappingFile, load_mapping
from golive.migration.reverse import reverse

EXAMPLE = Path(__file__).parents[2] / "include/examples/contact_center"
CUSTOMERS = 3000
CHANGED = ("cust_nm", "tel_home", "tel_mobile", "tel_office", "grd_cd", "addr1", "addr2")
"""What is cleansed on its way, or comes back in another form."""


def build(source: Endpoint, target: Endpoint) -> None:
    scripts = [EXAMPLE / f"legacy/{name}.sql" for name in ("schema", "rows", "keys")]
    with source.session("test", search_path="public,pg_catalog") as session:
        for script in scripts:
            session.execute(script.read_text().replace("%(customers)s", str(CUSTOMERS)).replace("%%", "%").encode())
    with target.session("test", search_path="public,pg_catalog") as session:
        for script in sorted((EXAMPLE / "migration").glob("*.up.sql")):
            session.execute(script.read_text().encode())


def load(checked: Checked, source: Endpoint, target: Endpoint) -> None:
    """Moves every row, without the engine."""
    for flow in checked.flows:
        with source.session("test") as there, target.session("test") as here:
            rows = there.execute(flow.select().encode()).fetchall()
            places = ", ".join(["%s"] * len(flow.columns))
            insert = f"INSERT INTO {flow.target.sql} ({flow.name_list}) VALUES ({places})"
            with here.transaction(), here.cursor() as cursor:
                cursor.executemany(insert.encode(), rows)


@pytest.fixture
def checked(source: Endpoint, target: Endpoint) -> Checked:
    build(source, target)
    return check(load_mapping(EXAMPLE / "migration/mapping.yaml"), source, target)


def test_the_example_holds(checked: Checked) -> None:
    """The example's mapping has no problem, and its flows come parents first."""
    assert [flow.target.name for flow in checked.flows] == [
        "team", "agent", "customer", "consultation", "consultation_event", "customer_phone",
    ]  # fmt: skip
    flows = {flow.target.name: flow for flow in checked.flows}
    assert {name: [column.name for column in flow.unit] for name, flow in flows.items()} == {
        "customer": ["id"], "customer_phone": ["customer_id"], "team": ["id"], "agent": ["id"],
        "consultation": ["id"], "consultation_event": ["id"],
    }  # fmt: skip
    assert flows["customer_phone"].split == "cust_no"
    assert [str(entry.table) for entry in flows["customer"].sources] == [
        "public.tb_cust", "public.tb_cust_addr", "public.tb_cd",
    ]  # fmt: skip


def test_its_rows_fit_the_target(checked: Checked, source: Endpoint, target: Endpoint) -> None:
    """Every row that the flows give is taken by the new schema, with all its constraints."""
    load(checked, source, target)
    with target.session("test") as session:
        counts = session.execute(
            "SELECT (SELECT count(*) FROM public.customer), (SELECT count(*) FROM public.customer_phone)"
        ).fetchone()
    assert counts is not None
    assert counts[0] == CUSTOMERS
    assert counts[1] > CUSTOMERS


def test_without_the_mapping_nothing_would_come(source: Endpoint, target: Endpoint) -> None:
    """With no mapping every source table would be lost, and each is named."""
    build(source, target)
    with pytest.raises(Exception, match="goes nowhere") as caught:
        check(MappingFile(), source, target)
    assert str(caught.value).count("goes nowhere") == 8
    assert not isinstance(caught.value, psycopg.Error)


def test_it_has_a_way_back(checked: Checked, source: Endpoint, target: Endpoint) -> None:
    """The way back is declared whole: its flows are those of the old tables, each with a unit, and run on the new."""
    back = reverse(load_mapping(EXAMPLE / "migration/mapping.yaml"), checked, source, target)
    assert {flow.target.name: [column.name for column in flow.unit] for flow in back.flows} == {
        "tb_team": ["team_cd"], "tb_emp": ["emp_no"], "tb_cust": ["cust_no"],
        "tb_cust_addr": ["cust_no"], "tb_cnsl": ["cnsl_no"],
        "tb_cnsl_memo": ["cnsl_no"], "tb_cnsl_hist": ["hist_no"],
    }  # fmt: skip
    with target.session("test") as session:
        for flow in back.flows:
            session.execute(flow.select().encode())


def test_there_and_back_changes_only_what_was_cleansed(checked: Checked, source: Endpoint, target: Endpoint) -> None:
    """Rows that go to the new schema and come back are the old ones, but for cleansed values and what is dropped."""
    load(checked, source, target)
    back = reverse(load_mapping(EXAMPLE / "migration/mapping.yaml"), checked, source, target)
    for flow in back.flows:
        names = [name for name in flow.names if name not in CHANGED]
        items = ", ".join(f'r."{name}"::text' for name in names)
        with source.session("test") as old, target.session("test") as new:
            returned = new.execute(f"SELECT {items} FROM ({flow.select()}) r".encode()).fetchall()
            was = old.execute(f"SELECT {items} FROM {flow.target.sql} r".encode()).fetchall()
        # A customer's unknown day of registration was written 00000000, and is none now.
        assert set(returned) == set(was) or "reg_dt" in names
        assert len(returned) == len(was)
