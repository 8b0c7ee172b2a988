"""The evidence store."""

import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from golive.canonical import digest_bytes
from golive.ledger import Ledger
from golive.ledger.errors import EvidenceCorrupt, EvidenceMissing
from golive.ledger.evidence import CHUNK
from tests.domain.ledger.tamper import Superuser


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_content_comes_back(ledger: Ledger, size: int) -> None:
    """What is stored is found under its digest, in pieces of 1 MiB, whatever its size."""
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    digest = ledger.store(content, "application/octet-stream")
    assert digest == digest_bytes(content)
    assert ledger.fetch(digest) == content
    assert ledger.size(digest) == size
    assert [len(piece) for piece in ledger.chunks(digest)][:-1] == [CHUNK] * (max(size - 1, 0) // CHUNK)


def test_a_stream_is_stored_and_read_in_flat_memory(ledger: Ledger) -> None:
    """24 MiB in uneven pieces pass through without ever being held together."""

    def pieces() -> Iterator[bytes]:
        for number in range(24):
            yield bytes([number]) * (CHUNK - 7)
            yield b"seven.."

    tracemalloc.start()
    digest = ledger.store(pieces(), "application/gzip")
    read = sum(len(piece) for piece in ledger.chunks(digest))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 24 * CHUNK
    assert peak < 10 * CHUNK


def test_storing_at_the_same_time(ledger: Ledger) -> None:
    """Eight threads that store the same content leave it there once."""
    content = b"same" * CHUNK
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: ledger.store(content, "text/plain"), range(8)))
    assert len(digests) == 1
    assert ledger.fetch(digests.pop()) == content


def test_a_source_that_fails_stores_nothing(ledger: Ledger) -> None:
    """When the source breaks off, nothing of it is kept."""

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        ledger.store(pieces(), "text/plain")
    with pytest.raises(EvidenceMissing):
        ledger.size(digest_bytes(b"half"))


def test_unknown_evidence_is_told_at_once(ledger: Ledger) -> None:
    """Asking for what is not there fails before the first piece."""
    with pytest.raises(EvidenceMissing):
        ledger.chunks("sha256:" + "0" * 64)


@pytest.mark.parametrize(
    "change",
    ["UPDATE evidence_chunk SET content = 'x'", "UPDATE evidence_chunk SET number = 7", "UPDATE evidence SET size = 2"],
)
def test_changed_evidence_is_not_handed_out(ledger: Ledger, superuser: Superuser, change: str, stream: str) -> None:
    """Evidence that is no longer what its digest says raises instead of being used."""
    digest = ledger.store(stream.encode(), "text/plain")
    superuser.run(f"{change} WHERE digest = %s", digest)
    with pytest.raises(EvidenceCorrupt):
        ledger.fetch(digest)
