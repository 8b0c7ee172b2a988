"""The proof that a pass asks for, and what stays of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from golive.migration.analysis.profile import profile
from golive.migration.capture import begin_capture, end_capture
from golive.migration.endpoint import Endpoint
from golive.migration.errors import RowsDiffer, ServerFailed
from golive.migration.final import final_sync
from golive.migration.flow import Reject
from golive.migration.passes import run_pass
from golive.migration.prepare import prepare
from golive.migration.private_rows import PrivateRows
from golive.migration.proof import Proof, inspector, prove
from golive.migration.settings import Migration
from golive.migration.verify import unit_verifier
from tests.migration.owners import owner
from tests.migration.proof import flow_of, migration_of, run

_TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text)"


@pytest.fixture
def pair(source: Endpoint, target: Endpoint) -> Migration:
    for side in (source, target):
        run(side, _TABLE)
    run(source, "INSERT INTO t SELECT i, '고객' || i FROM generate_series(1, 100) i")
    flow = flow_of("t", {"id": "integer", "name": "text"})
    return migration_of(source, target, replace(flow, where="s.id > 3", rejects=(Reject("low", "s.id <= 3", "test"),)))


def test_a_proof_keeps_reports_and_private_rows_apart(pair: Migration, tmp_path: Path) -> None:
    """What was left behind is counted and kept raw in the private file; an equal target leaves four reports."""
    run(pair.target, "INSERT INTO t SELECT i, '고객' || i FROM generate_series(4, 100) i")
    proof = prove(pair, PrivateRows(tmp_path / "private"))
    assert proof.verification.equal
    assert proof.accounting.rows_rejected == 3
    assert proof.raw is not None
    assert "고객2" in proof.raw.read_text()
    assert sorted(proof.files()) == [f"verification.{rest}" for rest in ("en.html", "en.md", "ko.html", "ko.md")]
    assert not [name for name, content in proof.files().items() if "고객2" in content.decode()]


def test_a_pass_is_verified_in_its_own_snapshot(pair: Migration, tmp_path: Path) -> None:
    """Writes that go on meanwhile do not make it differ; a row that only the target lost does, and blocks."""
    shown: list[Proof] = []
    prepare(pair)
    begin_capture(pair)
    run(pair.target, "INSERT INTO t SELECT i, '고객' || i FROM generate_series(4, 100) i")
    inspect = inspector(pair, PrivateRows(tmp_path / "private"), shown.append)

    def busy(snapshot: str) -> None:
        run(pair.source, "UPDATE t SET name = name || '!' WHERE id = 50", "DELETE FROM t WHERE id = 60")
        inspect(snapshot)

    run_pass(pair, "verify", busy)
    run_pass(pair, "verify", inspect)
    run(pair.target, "DELETE FROM t WHERE id = 70")
    with pytest.raises(RowsDiffer):
        run_pass(pair, "verify", inspect)
    assert [proof.verification.equal for proof in shown] == [True, True, False]
    assert shown[2].verification.flows[0].missing == 1
    end_capture(pair)


def test_the_hand_over_looks_at_what_changed_since(pair: Migration, tmp_path: Path) -> None:
    """After the whole verification a change is copied and looked at again; one that went wrong gives writes back."""
    prepare(pair)
    begin_capture(pair)
    run(pair.target, "INSERT INTO t SELECT i, '고객' || i FROM generate_series(4, 100) i")
    run_pass(pair, "verify", inspector(pair, PrivateRows(tmp_path / "private"), lambda _proof: None))
    run(pair.source, "UPDATE t SET name = '바뀜' WHERE id IN (50, 51)", "DELETE FROM t WHERE id = 52")
    run_pass(pair)
    run(pair.target, "UPDATE t SET name = '틀림' WHERE id = 51")
    with pytest.raises(RowsDiffer) as caught:
        final_sync(pair, 20, unit_verifier(pair))
    assert caught.value.data == {"count": 1, "tables": "public.t"}
    run(pair.target, "UPDATE t SET name = '바뀜' WHERE id = 51")
    run(pair.source, "INSERT INTO t VALUES (200, '새 고객')")
    report = final_sync(pair, 20, unit_verifier(pair))
    assert report.verified is not None
    with pytest.raises(ServerFailed):
        run(pair.source, "INSERT INTO t VALUES (201, '늦음')")
    end_capture(pair)


def test_an_ordinary_owner_can_prove_and_profile(source: Endpoint, target: Endpoint, tmp_path: Path) -> None:
    """On both sides a login that owns its database and nothing else is enough."""
    with owner(source) as ours, owner(target) as theirs:
        for side in (ours, theirs):
            run(side, _TABLE, "INSERT INTO t VALUES (1, 'a')", "ALTER TABLE t ENABLE ROW LEVEL SECURITY")
        mine = migration_of(ours, theirs, flow_of("t", {"id": "integer", "name": "text"}))
        assert prove(mine, PrivateRows(tmp_path / "private")).verification.equal
        assert profile(mine).tables[0].rows == 1
