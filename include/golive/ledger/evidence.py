"""The evidence store: content under its own digest, in pieces, in flat memory."""

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import IO

import sqlalchemy as sa

from golive.canonical import Digest
from golive.ledger.database import Database, lock_key
from golive.ledger.errors import EvidenceCorrupt, EvidenceMissing
from golive.ledger.tables import evidence, evidence_chunk

CHUNK = 1 << 20
"""Bytes in every piece but the last."""


def store(database: Database, content: Iterable[bytes] | bytes, media_type: str) -> Digest:
    """Writes ``content`` unless it is there. It goes through a temporary file: its digest is known at its end only,
    and a row that is written cannot be given another name.
    """
    with tempfile.SpooledTemporaryFile(max_size=CHUNK) as spool:
        running, size = sha256(), 0
        for piece in (content,) if isinstance(content, bytes) else content:
            running.update(piece)
            size += len(piece)
            spool.write(piece)
        digest = "sha256:" + running.hexdigest()
        database.run(lambda connection: _insert(connection, digest, size, media_type, spool))
    return digest


def chunks(database: Database, digest: Digest) -> Iterator[bytes]:
    """The pieces in order, each by a query of its own, so a slow reader holds nothing open.

    Raises ``EvidenceMissing`` at once and ``EvidenceCorrupt`` after the last piece.
    """
    total = size(database, digest)
    return _chunks(database, digest, total)


def size(database: Database, digest: Digest) -> int:
    """Bytes. Raises ``EvidenceMissing``."""
    query = sa.select(evidence.c.size).where(evidence.c.digest == digest)
    found = database.run(lambda connection: connection.execute(query).scalar_one_or_none())
    if found is None:
        raise EvidenceMissing(digest=digest)
    return int(found)


def _chunks(database: Database, digest: Digest, total: int) -> Iterator[bytes]:
    running, seen = sha256(), 0
    for number in range(-(-total // CHUNK)):
        piece = database.run(partial(_piece, digest=digest, number=number))
        running.update(piece)
        seen += len(piece)
        yield piece
    if seen != total or "sha256:" + running.hexdigest() != digest:
        raise EvidenceCorrupt(digest=digest)


def _piece(connection: sa.Connection, digest: Digest, number: int) -> bytes:
    query = sa.select(evidence_chunk.c.content).where(
        evidence_chunk.c.digest == digest, evidence_chunk.c.number == number
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise EvidenceCorrupt(digest=digest)
    return bytes(found)


def _insert(connection: sa.Connection, digest: Digest, size: int, media_type: str, spool: IO[bytes]) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key(f"evidence {digest}"))))
    if connection.execute(sa.select(evidence.c.digest).where(evidence.c.digest == digest)).first():
        return
    spool.seek(0)
    connection.execute(sa.insert(evidence), {"digest": digest, "size": size, "media_type": media_type})
    number = 0
    while piece := spool.read(CHUNK):
        connection.execute(sa.insert(evidence_chunk), {"digest": digest, "number": number, "content": piece})
        number += 1
