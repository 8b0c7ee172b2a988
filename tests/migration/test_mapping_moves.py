"""The example's mapping through the whole engine: there under changes, and back with what the new database wrote."""

from pathlib import Path

import pytest

from golive.migration.accounting import account
from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.capture import begin_capture
from golive.migration.catalogue import read_catalogue
from golive.migration.check import Checked, check
from golive.migration.clone import clone_schema
from golive.migration.endpoint import Endpoint
from golive.migration.final import final_sync
from golive.migration.flowback import begin_flow_back, come_back, flow_back_pass
from golive.migration.flows import from_item
from golive.migration.load import load
from golive.migration.mapping_file import MappingFile, load_mapping
from golive.migration.passes import run_pass
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.reverse import reverse
from golive.migration.settings import Limits, Migration
from golive.migration.verify import unit_verifier, verify_in_snapshot
from tests.domain.conftest import Postgres
from tests.migration.test_catalogue import SCHEMA
from tests.migration.test_mapping_example import EXAMPLE
from tests.migration.test_mapping_example import build as build_example

OLD_WRITES = """
UPDATE tb_cust SET cust_nm = ' 새이름 ', tel_office = '02-0000-9999' WHERE cust_no = 5;
UPDATE tb_cust SET tel_home = NULL, tel_mobile = NULL WHERE cust_no IN (3, 6);
UPDATE tb_cust_addr SET addr1 = '옮긴 주소' WHERE cust_no = 8;
DELETE FROM tb_cust_addr WHERE cust_no = 12;
INSERT INTO tb_cnsl_memo SELECT cnsl_no, 9, '뒤늦은 메모' FROM tb_cnsl WHERE cnsl_no BETWEEN 10 AND 20;
DELETE FROM tb_cust WHERE cust_no = 77;
UPDATE tb_cd SET cd_nm = '최우수' WHERE cd_grp = 'GRD' AND cd = 'none';
INSERT INTO tb_cust (cust_no, cust_nm, grd_cd, tel_mobile) VALUES (900001, '최신규', '1', '010 0000 1234');
"""
NEW_WRITES = """
UPDATE customer SET name = '돌아갈이름', grade = 'VIP' WHERE id = 5;
DELETE FROM customer_phone WHERE customer_id = 5 AND kind = '회사';
INSERT INTO consultation (id, customer_id, channel, topic, status, received_at, summary)
    VALUES (800001, 5, '채팅', '요금 문의', '접수', '2026-01-02 03:04:05+09', E'첫 줄\n둘째 줄');
DELETE FROM customer WHERE id = 9;
"""


def write(side: Endpoint, script: str) -> None:
    with side.session("test", search_path="public,pg_catalog") as session:
        session.execute(script.encode())


def migration_of(name: str, source: Endpoint, target: Endpoint, checked: Checked) -> Migration:
    return Migration(name, source, target, checked.flows, checked.mapping.digest, 1, limits=Limits(chunk_bytes=1 << 18))


def move(migration: Migration, meanwhile: str = "SELECT 1") -> None:
    prepare(migration)
    begin_capture(migration)
    plan_chunks(migration)
    put_aside(migration)
    load(migration)
    write(migration.source, meanwhile)
    run_pass(migration, "settle")
    build(migration)
    write(migration.source, meanwhile.partition(";")[0])
    run_pass(migration)
    run_pass(migration, "verify", lambda name: verify_in_snapshot(migration, name).require_equal())


def same_on_both_sides(checked: Checked, source: Endpoint, target: Endpoint) -> None:
    """What the mapping makes of the source, and what stands in the target, asked without the engine."""
    for flow in checked.flows:
        with source.session("test") as old, target.session("test") as new:
            wanted = old.execute(f"SELECT x::text FROM ({flow.select()}) x".encode()).fetchall()
            # A row that stands in a table that inherits is that table's.
            item = from_item(checked.target.tables[flow.target])
            items = ", ".join(f'"{c.name}"::{c.wire or "text"}' for c in flow.columns)
            found = new.execute(f"SELECT x::text FROM (SELECT {items} FROM {item}) x".encode()).fetchall()
        assert sorted(wanted) == sorted(found), flow.name


def test_the_example_moves_and_comes_back(source: Endpoint, target: Endpoint) -> None:
    """Split, merged, looked up and cleansed rows follow every change; after go-live the old database gets them back."""
    build_example(source, target)
    file = load_mapping(EXAMPLE / "migration/mapping.yaml")
    checked = check(file, source, target)
    back = reverse(file, checked, source, target)
    there = migration_of("there", source, target, checked)
    move(there, OLD_WRITES)
    same_on_both_sides(checked, source, target)
    counted = {entry.column: entry.rows for entry in account(there).cleansed}
    assert all(counted[name] for name in ("name", "registered_on", "grade", "number"))
    again = migration_of("back", target, source, back)
    final_sync(there, 60, unit_verifier(there), lambda _source, _target: begin_flow_back(again))
    write(target, NEW_WRITES)
    flow_back_pass(again)
    come_back(there, again, 60, unit_verifier(again))
    with source.session("test", search_path="public") as session:
        asked = [
            "SELECT cust_nm, grd_cd, tel_office, jumin_no IS NOT NULL FROM tb_cust WHERE cust_no = 5",
            "SELECT chnl_cd, stat_cd, rcv_dtm::text FROM tb_cnsl WHERE cnsl_no = 800001",
            "SELECT string_agg(memo_txt, '/' ORDER BY memo_seq) FROM tb_cnsl_memo WHERE cnsl_no = 800001",
            "SELECT count(*), (SELECT count(*) FROM tb_cust_addr WHERE cust_no = 9) FROM tb_cust WHERE cust_no = 9",
        ]
        found = [session.execute(text.encode()).fetchone() for text in asked]
    assert found == [
        ("돌아갈이름", "3", None, True), ("CHT", "10", "2026-01-02 03:04:05"), ("첫 줄/둘째 줄",), (0, 0),
    ]  # fmt: skip


FILL = """
INSERT INTO crm.customer (name, grade, home, tags, note, amount)
    SELECT '고객' || n, CASE WHEN n % 3 = 0 THEN 'VIP' ELSE '일반' END::crm.grade,
           ROW('0' || n, '길, "1"')::crm.address, ARRAY['a', NULL, '{'], nullif(n, 4)::text, n / 7.0
    FROM generate_series(1, 300) n;
UPDATE crm.customer SET referrer = id - 1 WHERE id % 5 = 0;
INSERT INTO crm.call (at, customer) SELECT timestamptz '2024-06-01Z' + n * interval '1 day', 1 + n % 300
    FROM generate_series(1, 500) n;
INSERT INTO crm.person SELECT gen_random_uuid() FROM generate_series(1, 9);
INSERT INTO crm.agent SELECT gen_random_uuid(), '팀' || n FROM generate_series(1, 9) n;
INSERT INTO crm.chicken SELECT n, NULL FROM generate_series(1, 9) n;
INSERT INTO crm.egg SELECT n, n FROM generate_series(1, 9) n;
UPDATE crm.chicken SET egg = id;
INSERT INTO crm.room SELECT tstzrange('2024-01-01Z'::timestamptz + n * interval '2h', '2024-01-01Z'::timestamptz
    + n * interval '2h' + '1h') FROM generate_series(1, 20) n;
"""


MEANWHILE = """
UPDATE crm.customer SET note = 'x' WHERE id % 4 = 0;
DELETE FROM ONLY crm.person WHERE id = (SELECT min(id::text)::uuid FROM ONLY crm.person);
UPDATE crm.agent SET team = '새팀' WHERE id = (SELECT max(id::text)::uuid FROM crm.agent);
UPDATE crm.chicken SET egg = 10 - egg;
"""


@pytest.mark.parametrize("meanwhile", [MEANWHILE])
def test_a_cloned_schema_of_every_shape_moves(
    source: Endpoint, target: Endpoint, postgres: Postgres, meanwhile: str
) -> None:
    """Partitions, heirs, circles, composites, domains, generated and identity columns: cloned, copied, proven."""
    write(source, SCHEMA + FILL)
    clone_schema(source, target, Path(postgres._package.bin_path / "pg_dump"))
    checked = check(MappingFile(), source, target)
    move(migration_of("clone", source, target, checked), meanwhile)
    same_on_both_sides(checked, source, target)
    with source.session("test") as old, target.session("test") as new:
        wanted, found = read_catalogue(old), read_catalogue(new)
    assert {name: len(table.indexes) for name, table in wanted.tables.items()} == {
        name: len(table.indexes) for name, table in found.tables.items()
    }
