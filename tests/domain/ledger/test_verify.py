"""Verification against everything that a superuser can do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from golive.ledger import Ledger, generate_key, verify
from golive.ledger.chain import StreamRows
from golive.ledger.errors import EvidenceCorrupt
from golive.ledger.events import NewEvent
from golive.ledger.problems import What
from tests.domain.ledger.tamper import Superuser, data

Found = Callable[[], list[tuple[int, What]]]

CASES: dict[str, tuple[Callable[[Superuser], object], list[tuple[int, What]]]] = {
    "data changed": (
        lambda su: su.update_event('data = \'{"n":"z"}\'', 5),
        [(5, What.CHANGED)],
    ),
    "white space added": (
        lambda su: su.update_event("data = data || ' '", 3),
        [(3, What.CHANGED)],
    ),
    "data no longer JSON": (
        lambda su: su.update_event("data = 'sha256:'", 2),
        [(2, What.CHANGED)],
    ),
    "actor changed": (
        lambda su: su.update_event("actor = 'kim'", 1),
        [(1, What.CHANGED)],
    ),
    "kind changed in two": (
        lambda su: su.update_event("kind = 'z'", 2, 7),
        [(2, What.CHANGED), (7, What.CHANGED)],
    ),
    "time moved by a microsecond": (
        lambda su: su.update_event("at = at + interval '1us'", 6),
        [(6, What.CHANGED)],
    ),
    "time infinite": (
        lambda su: su.update_event("at = 'infinity'", 6),
        [(6, What.CHANGED)],
    ),
    "time before Christ": (
        lambda su: su.update_event("at = '0044-03-15 BC'", 4),
        [(4, What.CHANGED)],
    ),
    "digest changed": (
        lambda su: su.update_event("digest = 'x'", 4),
        [(4, What.CHANGED)],
    ),
    "removed": (lambda su: su.delete(5), [(5, What.REMOVED)]),
    "first removed": (lambda su: su.delete(1), [(1, What.REMOVED)]),
    "removed and closed up": (
        lambda su: (su.delete(5), su.shift(6, 7, -1)),
        [(5, What.REMOVED), (5, What.REORDERED), (6, What.REORDERED)],
    ),
    "swapped": (lambda su: su.swap(4, 6), [(4, What.REORDERED), (6, What.REORDERED)]),
    "put in at the end": (lambda su: su.insert(8), [(8, What.INSERTED)]),
    "put in between": (
        lambda su: (su.shift(6, 7, 1), su.insert(6)),
        [(6, What.INSERTED), (7, What.REORDERED), (8, What.REORDERED)],
    ),
    "last event removed": (lambda su: su.delete(7), [(7, What.TRUNCATED)]),
    "tail cut tidily": (lambda su: su.truncate(2), [(4, What.TRUNCATED)]),
    "stream deleted": (lambda su: su.truncate(0), [(1, What.TRUNCATED)]),
    "batch changed": (
        lambda su: su.update_batch("client = 'x'", 2),
        [(3, What.BATCH_CHANGED)],
    ),
    "batch's contents no JSON": (
        lambda su: su.update_batch("contents = '{'", 3),
        [(4, What.BATCH_CHANGED)],
    ),
    "batch removed": (
        lambda su: su.delete_batch(2),
        [(3, What.BATCH_REMOVED)],
    ),
    "batch and its events removed": (
        lambda su: (su.delete(3), su.delete_batch(2)),
        [(3, What.BATCH_REMOVED)],
    ),
    "last batch removed, event kept": (
        lambda su: su.delete_batch(4),
        [(7, What.INSERTED), (7, What.TRUNCATED)],
    ),
    "signature changed": (
        lambda su: su.update_batch("signature = 'AAAA'", 1),
        [(1, What.FORGED_SIGNATURE)],
    ),
    "signature of another batch": (
        lambda su: su.update_batch("signature = (SELECT max(b.signature) FROM batch b WHERE b.number = 3)", 2),
        [(3, What.FORGED_SIGNATURE)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_named(found: Found, superuser: Superuser, case: str) -> None:
    """Whatever a superuser does to rows is found, and named with its place and its kind."""
    tamper, expected = CASES[case]
    tamper(superuser)
    assert found() == expected


def test_an_untouched_ledger_verifies(story: Ledger, found: Found, tmp_path: Path, stream: str) -> None:
    """Nothing is found where nothing was done, with a key file as well as with a directory of keys."""
    assert found() == []
    assert verify(story, tmp_path, tmp_path / "heads", stream) == ()


def test_an_event_in_a_stream_of_its_own(story: Ledger, superuser: Superuser, tmp_path: Path, stream: str) -> None:
    """A stream that was never signed is found without being asked for."""
    superuser.stream = f"{stream}/new"
    superuser.insert(1)
    problems = verify(story, tmp_path / "key.pub", None)
    assert [problem.what for problem in problems if problem.stream == superuser.stream] == [What.INSERTED]


def test_a_cut_tail_is_found_only_from_outside(
    story: Ledger, superuser: Superuser, tmp_path: Path, stream: str
) -> None:
    """Without heads a tidily cut chain looks whole: that is why heads are kept outside."""
    superuser.truncate(2)
    assert verify(story, tmp_path / "key.pub", None, stream) == ()


def test_a_chain_written_anew_without_the_key(rows: StreamRows, found: Found, superuser: Superuser) -> None:
    """A chain with every hash recomputed fails at its signatures, from the changed batch to the end."""
    changed = [replace(event, data=data(n="z")) if event.sequence == 3 else event for event in rows.events]
    superuser.rewrite(changed, rows.batches)
    assert found() == [(sequence, What.FORGED_SIGNATURE) for sequence in (3, 4, 7)]


def test_a_chain_signed_with_another_key(rows: StreamRows, found: Found, superuser: Superuser, tmp_path: Path) -> None:
    """A chain signed anew with a key of the forger's own is of an unknown key."""
    superuser.rewrite(rows.events, rows.batches, generate_key(tmp_path / "mallory.key"))
    assert found() == [(sequence, What.UNKNOWN_KEY) for sequence in (1, 3, 4, 7)]


def test_a_chain_signed_with_the_stolen_key(
    story: Ledger, rows: StreamRows, found: Found, superuser: Superuser
) -> None:
    """Even with the real key a rewritten chain contradicts the heads outside the database."""
    changed = [replace(event, data=data(n="z")) if event.sequence == 4 else event for event in rows.events]
    superuser.rewrite(changed, rows.batches, story.signer)
    assert found() == [(4, What.BATCH_CHANGED), (7, What.BATCH_CHANGED)]


@pytest.mark.parametrize("statement", ["UPDATE ledger.{} SET {} = {}", "DELETE FROM ledger.{}", "TRUNCATE ledger.{}"])
@pytest.mark.parametrize("table", ["event", "batch", "evidence", "evidence_chunk"])
@pytest.mark.parametrize("mode", ["origin", "replica"])
def test_triggers_refuse_everyone(postgres: Any, ledger_database: str, statement: str, table: str, mode: str) -> None:
    """UPDATE, DELETE and TRUNCATE are refused for a superuser too, and in replica mode too."""
    column = "stream" if table in {"event", "batch"} else "digest"
    with postgres.connect(ledger_database) as connection:
        connection.execute(f"SET session_replication_role = {mode}")
        with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
            connection.execute(statement.format(table, column, column))


def test_evidence_is_verified_on_request(story: Ledger, superuser: Superuser, tmp_path: Path, stream: str) -> None:
    """Evidence that an event names is missed when it is gone and named when it was changed."""
    gone, bent, late = (story.store(content, "text/plain") for content in (b"gone", b"bent", b"late" * 1_000_000))
    story.record(stream, NewEvent("fact", {"evidence": [gone, bent], "note": f"see {late}"}))
    assert verify(story, tmp_path, None, stream, evidence=True) == ()
    for table in ("evidence", "evidence_chunk"):
        superuser.run(f"DELETE FROM {table} WHERE digest = %s", gone)
    superuser.run("UPDATE evidence_chunk SET content = 'BENT' WHERE digest = %s", bent)
    superuser.run("DELETE FROM evidence_chunk WHERE digest = %s AND number = 1", late)
    problems = verify(story, tmp_path, None, stream, evidence=True)
    assert {problem.detail: problem.what for problem in problems} == {
        gone: What.EVIDENCE_REMOVED,
        bent: What.EVIDENCE_CHANGED,
        late: What.EVIDENCE_CHANGED,
    }
    with pytest.raises(EvidenceCorrupt):
        story.fetch(late)
