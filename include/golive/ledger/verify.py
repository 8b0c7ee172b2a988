"""Verification of a live ledger; ``checks`` holds what is checked."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from golive.canonical import Digest
from golive.ledger.chain import Head, StreamRows, evidence_named
from golive.ledger.checks import check_stream
from golive.ledger.errors import EvidenceCorrupt, EvidenceMissing
from golive.ledger.heads import read_heads
from golive.ledger.ledger import Ledger
from golive.ledger.problems import Problem, What
from golive.ledger.rows import snapshot, stored_evidence
from golive.ledger.signing import PublicKeys, load_public_keys
from golive.ledger.tables import batch, event

_HEAD_TRIES, _HEAD_PAUSE = 5, 0.1


def verify(
    ledger: Ledger,
    public_keys: Path | PublicKeys,
    heads: Path | None,
    stream: str | None = None,
    *,
    evidence: bool = False,
) -> tuple[Problem, ...]:
    """Everything that is wrong with ``stream``, or with all streams; empty means that the record holds.

    ``public_keys`` is a file, a directory of ``*.pub``, or keys by id; ``heads`` is the file or directory outside
    the database, without which a cut tail or a deleted stream cannot be found. ``evidence`` reads all evidence too.
    """
    keys = load_public_keys(public_keys) if isinstance(public_keys, Path) else public_keys
    # Heads first: whatever they confirm was committed before, so the database must hold it.
    kept, unreadable = read_heads(heads) if heads else ((), ())
    problems = [Problem(stream or "", 0, What.HEAD_UNREADABLE, line) for line in unreadable]
    by_stream = _by_stream(kept)
    names = {stream} if stream else set(ledger.database.run(_stream_names)) | set(by_stream)
    for name in sorted(names):
        rows = ledger.database.run(partial(snapshot, stream=name))
        found = check_stream(rows, by_stream.get(name, ()) if heads else None, keys)
        problems += _without_late_heads(found, rows, heads, keys)
        if evidence:
            problems += _evidence_faults(ledger, rows)
    return tuple(problems)


def _stream_names(connection: sa.Connection) -> Sequence[str]:
    return connection.execute(sa.union(sa.select(event.c.stream), sa.select(batch.c.stream))).scalars().all()


def _by_stream(heads: Sequence[Head]) -> Mapping[str, Sequence[Head]]:
    streams: dict[str, list[Head]] = defaultdict(list)
    for head in heads:
        streams[head.stream].append(head)
    return streams


def _without_late_heads(
    problems: Sequence[Problem], rows: StreamRows, heads: Path | None, keys: PublicKeys
) -> Sequence[Problem]:
    """A head is written just after its commit: before one is called missing, it gets a moment to come."""
    rest = [problem for problem in problems if problem.what is not What.HEAD_MISSING]
    for _ in range(_HEAD_TRIES if heads and len(rest) < len(problems) else 0):
        time.sleep(_HEAD_PAUSE)
        late = _by_stream(read_heads(heads)[0]).get(rows.stream, ()) if heads else ()
        if not any(problem.what is What.HEAD_MISSING for problem in check_stream(rows, late, keys)):
            return rest
    return problems


def _evidence_faults(ledger: Ledger, rows: StreamRows) -> Iterator[Problem]:
    """Checks the evidence that a batch has signed for, and what else is named and stored (it came later)."""
    named = {digest: row.sequence for row in reversed(rows.events) for digest in evidence_named([row])}
    stored = ledger.database.run(partial(stored_evidence, digests=sorted(named)))
    signed = {digest: batch.first for batch in reversed(rows.batches) for digest in batch.evidence}
    for digest in sorted({*stored, *signed}):
        fault = _evidence_fault(ledger, digest)
        if fault:
            yield Problem(rows.stream, named.get(digest) or signed[digest], fault, digest)


def _evidence_fault(ledger: Ledger, digest: Digest) -> What | None:
    try:
        for _ in ledger.chunks(digest):
            pass
    except EvidenceMissing:
        return What.EVIDENCE_REMOVED
    except EvidenceCorrupt:
        return What.EVIDENCE_CHANGED
    return None
