"""One stream as a file that proves itself without the database: its events, batches, heads, keys and evidence."""

import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from golive.canonical import Digest, canonical, digest_bytes
from golive.ledger.chain import Batch, Head, StoredEvent, StreamRows, evidence_named
from golive.ledger.checks import check_stream
from golive.ledger.errors import ExportInvalid
from golive.ledger.heads import read_heads
from golive.ledger.ledger import Ledger
from golive.ledger.problems import Problem, What
from golive.ledger.rows import snapshot, stored_evidence
from golive.ledger.signing import PublicKeys, key_id, parse_public_key, public_pem

_PIECE = 1 << 20
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Export:
    """What was written: ``files`` by name with their digests; ``omitted`` evidence was larger than the limit."""

    stream: str
    files: dict[str, Digest]
    omitted: tuple[Digest, ...]


def export_evidence(
    ledger: Ledger, stream: str, path: Path, public_keys: PublicKeys, *, limit: int = 100 << 20
) -> Export:
    """Writes ``path`` (0600, in one step): a zip of everything recorded of ``stream`` and the evidence it names.

    ``limit`` is in bytes; larger pieces of evidence are named in the manifest instead. What does not verify is
    exported all the same, as it is: ``verify_export`` will say so.
    """
    rows = ledger.database.run(partial(snapshot, stream=stream))
    heads = [head for head in read_heads(ledger.heads)[0] if head.stream == stream] if ledger.heads else []
    digests = _evidence(ledger, rows)
    kept = [digest for digest in digests if ledger.size(digest) <= limit]
    omitted = tuple(digest for digest in digests if digest not in kept)
    contents: dict[str, Iterable[bytes]] = {
        "events.jsonl": _lines(rows.events),
        "batches.jsonl": _lines(rows.batches),
        "heads.jsonl": _lines(heads),
        **{f"keys/{key}.pub": [public_pem(public)] for key, public in public_keys.items()},
        **{f"evidence/{digest[7:]}": ledger.chunks(digest) for digest in kept},
    }
    return _write(path, stream, contents, omitted)


def verify_export(path: Path, public_keys: PublicKeys | None = None) -> tuple[Problem, ...]:
    """Everything that is wrong with an export, told without the database. Raises ``ExportInvalid``.

    Without ``public_keys`` the keys inside are believed: that shows that it is whole, not whose it is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            keys = public_keys if public_keys is not None else _keys(archive)
            return (*_file_faults(archive, manifest), *_stream_faults(archive, manifest, keys))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ExportInvalid(path=str(path), cause=f"{type(error).__name__}: {error}") from error


def _evidence(ledger: Ledger, rows: StreamRows) -> list[Digest]:
    """Evidence that the events name and that the store holds."""
    return list(ledger.database.run(partial(stored_evidence, digests=evidence_named(rows.events))))


def _lines(values: Iterable[Any]) -> Iterator[bytes]:
    return (canonical(asdict(value)) + b"\n" for value in values)


def _write(path: Path, stream: str, contents: dict[str, Iterable[bytes]], omitted: tuple[Digest, ...]) -> Export:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                files = {name: _add(archive, name, pieces) for name, pieces in contents.items()}
                manifest = {"schema": 1, "stream": stream, "files": files, "omitted": omitted}
                _add(archive, _MANIFEST, [canonical(manifest)])
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Export(stream, files, omitted)


def _add(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> Digest:
    running = sha256()
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w", force_zip64=True) as member:
        for piece in pieces:
            running.update(piece)
            member.write(piece)
    return "sha256:" + running.hexdigest()


def _file_faults(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[Problem]:
    stream, files = manifest["stream"], manifest["files"]
    there = set(archive.namelist()) - {_MANIFEST}
    for name in sorted(there | set(files)):
        actual = _digest_of(archive, name) if name in there else None
        if actual is None or actual != files.get(name):
            yield Problem(stream, 0, What.FILE_CHANGED, name)
        if actual and name.startswith("evidence/") and actual != "sha256:" + name.removeprefix("evidence/"):
            yield Problem(stream, 0, What.EVIDENCE_CHANGED, name)


def _stream_faults(archive: zipfile.ZipFile, manifest: dict[str, Any], keys: PublicKeys) -> Iterator[Problem]:
    stream = manifest["stream"]
    events = [StoredEvent(**line) for line in _read_lines(archive, "events.jsonl")]
    batches = [_batch(line) for line in _read_lines(archive, "batches.jsonl")]
    heads = [Head(**line) for line in _read_lines(archive, "heads.jsonl")]
    # An installation that keeps no heads has none to export.
    yield from check_stream(StreamRows(stream, events, batches), heads or None, keys)
    present = {"sha256:" + name.removeprefix("evidence/") for name in archive.namelist()}
    for batch in batches:
        for digest in batch.evidence:
            if digest not in present and digest not in manifest["omitted"]:
                yield Problem(stream, batch.first, What.EVIDENCE_REMOVED, digest)


def _batch(line: dict[str, Any]) -> Batch:
    return Batch(**{**line, "contents": tuple(line["contents"]), "evidence": tuple(line["evidence"])})


def _read_lines(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    if name in archive.namelist():
        yield from (json.loads(line) for line in archive.read(name).splitlines())


def _keys(archive: zipfile.ZipFile) -> PublicKeys:
    publics = [parse_public_key(archive.read(name)) for name in archive.namelist() if name.startswith("keys/")]
    return {key_id(public): public for public in publics}


def _digest_of(archive: zipfile.ZipFile, name: str) -> Digest:
    with archive.open(name) as member:
        return digest_bytes(iter(partial(member.read, _PIECE), b""))
