"""The ledger: streams of events that only grow, each append one signed batch."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from golive.canonical import Digest
from golive.ledger import evidence
from golive.ledger.append import Append
from golive.ledger.chain import Batch, Head, iso
from golive.ledger.database import Database, lock_key
from golive.ledger.errors import LedgerReadOnly
from golive.ledger.events import Decide, Event, NewEvent
from golive.ledger.heads import append_head, own_file, read_heads
from golive.ledger.known import Known
from golive.ledger.rows import database_time, read_tail
from golive.ledger.signing import Signer, signed_by
from golive.ledger.tables import batch
from golive.secret import Secret


class Ledger:
    """Reads and appends. Threads may share one, and so may forked processes.

    ``signer`` None opens it for reading only. ``heads`` is a ``.jsonl`` file, or a directory in which every host
    and key has a file of its own; None keeps no heads, and then a truncation cannot be found.
    """

    def __init__(self, url: Secret, *, signer: Signer | None, heads: Path | None, patience: float = 10.0) -> None:
        self.database = Database(url, patience)
        self.signer = signer
        self.heads = heads
        self._known = Known()

    def append(self, stream: str, decide: Decide) -> tuple[Event, ...]:
        """Locks the stream, asks ``decide`` what to add, signs it as one batch and commits at once.

        Returns the events written, none when ``decide`` gives none. ``decide`` may be asked again when the
        connection is lost, so it only decides. Raises what it raises, ``EventInvalid`` and leaves of ``LedgerError``.
        """
        if self.signer is None:
            raise LedgerReadOnly(where=self.database.where)
        attempt = Append(self.signer, self._cache(), stream, decide)
        new, events = self.database.run(attempt)
        self._cache().add(stream, events)
        if new is None:
            return ()
        self._keep_head(new, events[-1].at)
        return events[new.first - 1 :]

    def record(self, stream: str, *events: NewEvent) -> tuple[Event, ...]:
        """Appends ``events`` whatever came before."""
        return self.append(stream, lambda _events, _now: events)

    def read(self, stream: str, after: int = 0) -> tuple[Event, ...]:
        """All events behind sequence ``after``, in order; none for an unknown stream. Their data cannot be changed."""
        cache = self._cache()
        events = self.database.run(lambda connection: cache.refresh(connection, stream))
        cache.add(stream, events)
        return events[after:]

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        """The names of all streams that begin with ``prefix``, sorted."""
        query = sa.select(batch.c.stream).where(batch.c.number == 1, sa.func.starts_with(batch.c.stream, prefix))
        return self.database.run(lambda connection: tuple(sorted(connection.execute(query).scalars())))

    def now(self) -> datetime:
        """The database's clock, in UTC."""
        return self.database.run(database_time)

    def store(self, content: Iterable[bytes] | bytes, media_type: str) -> Digest:
        """Keeps ``content`` under its digest, in flat memory; what is there already stays as it is."""
        return evidence.store(self.database, content, media_type)

    def fetch(self, digest: Digest) -> bytes:
        """The content, checked. Raises ``EvidenceMissing`` or ``EvidenceCorrupt``."""
        return b"".join(self.chunks(digest))

    def chunks(self, digest: Digest) -> Iterator[bytes]:
        """The content in pieces of 1 MiB. ``EvidenceCorrupt`` comes after the last: use nothing before the end."""
        return evidence.chunks(self.database, digest)

    def size(self, digest: Digest) -> int:
        """Bytes. Raises ``EvidenceMissing``."""
        return evidence.size(self.database, digest)

    @contextmanager
    def session_lock(self, name: str) -> Iterator[bool]:
        """Whether this one got the lock ``name``, held until the end of the block or of the process; never waits."""
        key = lock_key(f"session {name}")
        with self.database.session() as connection:
            try:
                acquired = connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar_one()
            except DBAPIError as error:
                raise self.database.translate(error) from error
            # Closing the connection gives the lock back, also after an error and also when the process dies.
            yield bool(acquired)

    def confirm_heads(self) -> tuple[Head, ...]:
        """Writes the head of every stream whose last one is missing, as when a process died between its commit and
        its head. Only heads that our own key has signed; returns what was written.
        """
        if self.signer is None or self.heads is None:
            return ()
        kept = {(head.stream, head.batch, head.digest) for head in read_heads(self.heads)[0]}
        written = []
        for stream in self.streams():
            tail = self.database.run(partial(read_tail, stream=stream))
            newest = tail.batch
            if newest and (stream, newest.number, newest.digest) not in kept and self._ours(newest):
                written.append(self._keep_head(newest, tail.now))
        return tuple(head for head in written if head)

    def close(self) -> None:
        """Closes this process's connections; the next use opens new ones."""
        self.database.close()

    def _cache(self) -> Known:
        if self._known.pid != os.getpid():
            # The parent's lock may have been held by a thread that does not exist here.
            self._known = Known()
        return self._known

    def _keep_head(self, new: Batch, at: datetime) -> Head | None:
        if self.heads is None or self.signer is None:
            return None
        head = Head.of(new, iso(at))
        append_head(own_file(self.heads, self.signer.key), head)
        return head

    def _ours(self, newest: Batch) -> bool:
        public = self.signer.public_keys().get(newest.key) if self.signer else None
        head = Head.of(newest, "")
        sound = newest.computed_digest() == newest.digest
        return public is not None and sound and signed_by(public, newest.signature, head.message)
