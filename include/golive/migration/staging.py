"""What a pass carries: the changed units and their rows, from the source's snapshot into the target's session."""

from collections.abc import Iterable
from dataclasses import dataclass

from golive.migration import unit_sql as sql
from golive.migration.capture.plan import Captured
from golive.migration.flow import Flow
from golive.migration.names import columns
from golive.migration.statements import Session, rows, run, value

BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Staged:
    """A flow whose units changed. ``place`` names its temporary tables on both sides; ``rows`` were carried over."""

    flow: Flow
    place: int
    whole: bool
    nulls: bool
    units: int
    rows: int


@dataclass(frozen=True)
class Seen:
    """What a snapshot shows to have changed: per captured table the number of changes, and whether every unit is
    among them; ``relation`` has them."""

    items: tuple[Captured, ...]
    found: dict[int, tuple[int, bool]]
    relation: str


def changes(session: Session, items: tuple[Captured, ...], relation: str) -> dict[int, tuple[int, bool]]:
    """Per captured table: the changes that are seen, and whether every unit is among them."""
    found = rows(session, sql.count_changes(tuple(item.number for item in items), relation))
    return {number: (count, whole) for number, count, whole in found}


def stage(source: Session, target: Session, flows: tuple[Flow, ...], seen: Seen) -> tuple[Staged, ...]:
    """Carries over what changed. ``source`` is in its snapshot; memory is flat, whatever the number of rows."""
    numbers = {(item.table, item.unit): item.number for item in seen.items}
    staged = []
    for place, flow in enumerate(flows):
        keyed = {numbers[one.table, one.unit] for one in flow.sources if one.unit} & seen.found.keys()
        lookups = {numbers[one.table, one.unit] for one in flow.sources if not one.unit} & seen.found.keys()
        if lookups or any(seen.found[number][1] for number in keyed):
            staged.append(_stage_whole(source, target, flow, place))
        elif keyed:
            staged.append(_stage_units(source, target, flow, place, sql.Changes(tuple(sorted(keyed)), seen.relation)))
    return tuple(staged)


def _stage_whole(source: Session, target: Session, flow: Flow, place: int) -> Staged:
    _begin(target, flow, place)
    copied = copy_rows(source, target, flow.select(), flow, place)
    return Staged(flow, place, whole=True, nulls=False, units=0, rows=copied)


def _stage_units(source: Session, target: Session, flow: Flow, place: int, found: sql.Changes) -> Staged:
    _begin(target, flow, place)
    run(source, sql.source_units(flow, place))
    units = run(source, sql.fill_units(flow, place, found))
    nulls = copy_units(source, target, flow, place)
    copied = copy_rows(source, target, flow.select(sql.source_condition(flow, place, nulls)), flow, place)
    return Staged(flow, place, whole=False, nulls=nulls, units=units, rows=copied)


def _begin(target: Session, flow: Flow, place: int) -> None:
    run(target, f"DROP TABLE IF EXISTS {sql.units_name(place)}, {sql.rows_name(place)}")
    run(target, sql.target_rows(flow, place))


def copy_units(source: Session, target: Session, flow: Flow, place: int) -> bool:
    """The units, into the target; whether one of them has a NULL. Both sides know their number for their plans."""
    name = sql.units_name(place)
    run(source, f"ANALYZE {name}")
    run(target, sql.target_units(flow, place))
    copy(source, f"COPY ({sql.units_query(flow, place)}) TO STDOUT", target, f"COPY {name} FROM STDIN")
    run(target, f"ANALYZE {name}")
    return bool(value(source, sql.holds_null(flow, place)))


def copy_rows(source: Session, target: Session, query: str, flow: Flow, place: int) -> int:
    """Rows of a flow into its temporary table; how many."""
    name, form = sql.rows_name(place), " (FORMAT binary)" if flow.binary else ""
    copied = copy(
        source,
        f"COPY ({query}) TO STDOUT{form}",
        target,
        f"COPY {name} ({columns(flow.names)}) FROM STDIN{form}",
    )
    run(target, f"ANALYZE {name}")
    return copied


def copy(source: Session, read: str, target: Session, write: str) -> int:
    """Pipes one COPY into another, block by block; the number of rows."""
    with source.cursor() as reader, target.cursor() as writer:
        with reader.copy(read.encode()) as outgoing, writer.copy(write.encode()) as incoming:
            for block in blocks(outgoing):
                incoming.write(block)
        return writer.rowcount


def blocks(pieces: Iterable[bytes | bytearray | memoryview]) -> Iterable[bytes]:
    """Rows, which come one by one, gathered into blocks."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
