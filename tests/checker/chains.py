"""5. The chain verifies, and matches heads that were signed and kept outside the database."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from tests.checker.record import Batch, Event, World

ZERO = "sha256:" + "0" * 64
Keys = dict[str, Ed25519PublicKey]
Head = dict[str, Any]


def check_chains(world: World) -> Iterator[str]:
    keys = _keys(world.home / "keys")
    heads = _heads(world.home / "ledger" / "heads")
    for stream in sorted({*world.events, *world.batches, *(head["stream"] for head in heads)}):
        own = [head for head in heads if head["stream"] == stream]
        for problem in _stream(world.events.get(stream, []), world.batches.get(stream, []), own, keys):
            yield f"5 {stream}: {problem}"


def _stream(events: Sequence[Event], batches: Sequence[Batch], heads: Sequence[Head], keys: Keys) -> Iterator[str]:
    previous, place, link = ZERO, 0, ZERO
    rows = {event.sequence: event for event in events}
    for number, batch in enumerate(batches, start=1):
        if (batch.number, batch.first, batch.previous) != (number, place + 1, previous):
            yield f"batch {batch.number} does not follow the one before it"
        yield from _batch(batch, keys)
        for place, content in enumerate(batch.contents, start=batch.first):
            link = _digest({"stream": batch.stream, "sequence": place, "previous": link, "content": content})
            event = rows.pop(place, None)
            if event is None:
                yield f"event {place} is missing"
            elif _content(event) != content or event.digest != link:
                yield f"event {place} was changed"
        if link != batch.head or place != batch.last:
            yield f"batch {batch.number} ends elsewhere than it says"
        previous = batch.digest
    if rows:
        yield f"events {sorted(rows)} are in no signed batch"
    yield from _outside(batches, heads, keys)


def _batch(batch: Batch, keys: Keys) -> Iterator[str]:
    names = ("stream", "number", "first", "last", "contents", "evidence", "head", "previous", "client", "key")
    if _digest({name: getattr(batch, name) for name in names}) != batch.digest:
        yield f"batch {batch.number} was changed"
    if not _signed(keys, batch.key, batch.signature, batch.stream, batch.number, batch.last, batch.digest):
        yield f"batch {batch.number} is not signed by this installation"


def _outside(batches: Sequence[Batch], heads: Sequence[Head], keys: Keys) -> Iterator[str]:
    known = {batch.number: batch for batch in batches}
    for head in heads:
        batch = known.get(head["batch"])
        facts = (head["stream"], head["batch"], head["sequence"], head["digest"])
        if not _signed(keys, head["key"], head["signature"], *facts):
            yield f"the head of batch {head['batch']} outside the database is forged"
        elif batch is None:
            yield f"truncated: a head outside the database confirms batch {head['batch']}"
        elif (batch.digest, batch.last) != (head["digest"], head["sequence"]):
            yield f"batch {head['batch']} is not the one that its head outside the database confirms"
    newest = max(known, default=0)
    if newest and newest not in {head["batch"] for head in heads}:
        yield f"no head outside the database confirms the newest batch {newest}"


def _content(event: Event) -> str:
    return _digest({"kind": event.kind, "data": event.text, "actor": event.actor, "at": event.written})


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(_canonical(value)).hexdigest()}"


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _signed(keys: Keys, key: str, signature: str, stream: str, batch: int, last: int, digest: str) -> bool:
    message = b"golive ledger batch 1\n" + _canonical([stream, batch, last, digest])
    try:
        keys[key].verify(base64.b64decode(signature, validate=True), message)
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


def _keys(folder: Path) -> Keys:
    keys = {}
    for file in sorted(folder.glob("signing*.pub")):
        key = load_pem_public_key(file.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
            keys[hashlib.sha256(raw).hexdigest()[:16]] = key
    return keys


def _heads(folder: Path) -> list[Head]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
