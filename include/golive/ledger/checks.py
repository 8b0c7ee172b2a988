"""Is a stream what was signed? Pure: rows, heads and public keys in, problems out.

Batches that a trusted key signed say which content stands at which place; everything else is compared with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from golive.canonical import Digest
from golive.ledger.chain import GENESIS, Batch, Head, StreamRows, chain
from golive.ledger.problems import Problem, What
from golive.ledger.signing import PublicKeys, signed_by


def check_stream(rows: StreamRows, heads: Sequence[Head] | None, keys: PublicKeys) -> tuple[Problem, ...]:
    """Everything that is wrong with one stream. ``heads`` None leaves them out; then a cut tail is not found."""
    faults = {batch.number: list(_batch_faults(batch, keys)) for batch in rows.batches}
    sound = [batch for batch in rows.batches if not faults[batch.number]]
    problems = [problem for found in faults.values() for problem in found]
    problems += _sequence_faults(rows)
    problems += _fork_faults(sound)
    problems += _event_faults(rows, sound)
    if heads is not None:
        problems += _head_faults(rows, {batch.number for batch in sound}, heads, keys)
    return tuple(sorted(set(problems)))


def _batch_faults(batch: Batch, keys: PublicKeys) -> Iterator[Problem]:
    detail = f"batch {batch.number}, events {batch.first} to {batch.last}"
    signed = _signature_fault(Head.of(batch, ""), keys)
    if batch.computed_digest() != batch.digest or len(batch.contents) != batch.last - batch.first + 1:
        yield Problem(batch.stream, batch.first, What.BATCH_CHANGED, detail)
    elif signed:
        yield Problem(batch.stream, batch.first, signed, detail)


def _signature_fault(head: Head, keys: PublicKeys) -> What | None:
    public = keys.get(head.key)
    if public is None:
        return What.UNKNOWN_KEY
    return None if signed_by(public, head.signature, head.message) else What.FORGED_SIGNATURE


def _sequence_faults(rows: StreamRows) -> Iterator[Problem]:
    """Holes in the numbering of batches."""
    number, last = 0, 0
    for batch in rows.batches:
        if batch.number != number + 1:
            detail = f"batches {number + 1} to {batch.number - 1}"
            yield Problem(rows.stream, last + 1, What.BATCH_REMOVED, detail)
        number, last = batch.number, batch.last


def _fork_faults(sound: Sequence[Batch]) -> Iterator[Problem]:
    """Signed batches that do not follow from the signed one before: someone used the key to rewrite it."""
    for before, batch in pairwise(sound):
        follows = batch.previous == before.digest and batch.first == before.last + 1
        if batch.number == before.number + 1 and not follows:
            yield Problem(batch.stream, before.first, What.BATCH_CHANGED, f"batch {before.number}")


def _event_faults(rows: StreamRows, sound: Sequence[Batch]) -> Iterator[Problem]:
    signed = {seq: content for batch in sound for seq, content in enumerate(batch.contents, start=batch.first)}
    actual = {event.sequence: event.content for event in rows.events}
    # What a broken or missing batch covered cannot be judged event by event; that batch is a problem of its own.
    last = max([batch.last for batch in rows.batches], default=0)
    unsure = {place for place in actual if place <= last and place not in signed}
    places = sorted((set(signed) | set(actual)) - unsure)
    differing = [place for place in places if signed.get(place) != actual.get(place)]
    yield from _differences(rows.stream, differing, signed, actual)
    yield from _digest_faults(rows, sound, set(differing))


def _differences(
    stream: str, places: Sequence[int], signed: Mapping[int, Digest], actual: Mapping[int, Digest]
) -> Iterator[Problem]:
    """Names every place where what is there is not what was signed."""
    wanted = {signed[place]: place for place in places if place in signed}
    there = {actual[place] for place in places if place in actual}
    end = max(actual, default=0)
    for place in places:
        was, now = signed.get(place), actual.get(place)
        if now in wanted:
            yield Problem(stream, place, What.REORDERED, f"It was signed as event {wanted[now]}.")
        elif now and (was is None or was in there):
            yield Problem(stream, place, What.INSERTED)
        elif now:
            yield Problem(stream, place, What.CHANGED)
        if was and was not in there and (now is None or now in wanted):
            yield Problem(stream, place, What.REMOVED if place <= end else What.TRUNCATED)


def _digest_faults(rows: StreamRows, sound: Sequence[Batch], differing: set[int]) -> Iterator[Problem]:
    """Rows whose content is right and whose stored digest is not."""
    stored = {event.sequence: event.digest for event in rows.events}
    previous, follows = GENESIS, 1
    for batch in sound:
        if batch.first == follows:
            for place, digest in chain(batch.stream, batch.first, previous, batch.contents):
                if place in stored and place not in differing and stored[place] != digest:
                    yield Problem(batch.stream, place, What.CHANGED, "Only its digest.")
        previous, follows = batch.head, batch.last + 1


def _head_faults(rows: StreamRows, sound: set[int], heads: Sequence[Head], keys: PublicKeys) -> Iterator[Problem]:
    batches = {batch.number: batch for batch in rows.batches}
    newest = max(batches, default=0)
    end = batches[newest].last if batches else 0
    trusted = []
    for head in heads:
        fault = _signature_fault(head, keys)
        if fault:
            yield Problem(rows.stream, head.sequence, fault, f"head of batch {head.batch}")
        else:
            trusted.append(head)
    beyond = [head for head in trusted if head.batch > newest]
    if beyond:
        far = max(beyond, key=lambda head: head.batch)
        detail = f"A head outside the database confirms batch {far.batch}, up to event {far.sequence}."
        yield Problem(rows.stream, end + 1, What.TRUNCATED, detail)
    for head in trusted:
        if head.batch in sound and batches[head.batch].digest != head.digest:
            detail = f"batch {head.batch}, signed again; its head outside the database differs"
            yield Problem(rows.stream, batches[head.batch].first, What.BATCH_CHANGED, detail)
    if newest in sound and not any(head.batch >= newest for head in trusted):
        yield Problem(rows.stream, end, What.HEAD_MISSING, f"batch {newest}")
