"""The hash of a value: of bytes that are equal exactly when the values are the same to the last byte.

The server's hash functions follow ``=``, and ``=`` is too kind: 1.0 = 1.00, -0.0 = 0.0, jsonb numbers without their
scale, bpchar without its blanks; that of numeric does not even see the sign. Those of bigint and of the timestamps fold
64 bits into 32. So only types whose hash takes every bit go in as they are; a bigint goes in as the seed, which is not
folded; others go in by their binary form, where that is canonical, and the rest as text.

A column's type here is the one that stores: looked at through domains, with its modifier, as ``format_type`` shows it.
"""

import re
from dataclasses import dataclass

from golive.migration.flow import FlowColumn

_BYTES = "hash_record_extended(ROW({v}), {seed})"
"""Of what has a hash with a seed that only a record's reaches: for bytes, the very same as a text's."""
TEXT = 'hashtextextended(({v})::text COLLATE "C", {seed})'
RULES: dict[str, str] = {
    "boolean": "hashint4extended(({v})::integer, {seed})",
    "smallint": "hashint2extended({v}, {seed})",
    "integer": "hashint4extended({v}, {seed})",
    "bigint": "hashint4extended({small}, {v})",
    "oid": "hashoidextended({v}, {seed})",
    "date": _BYTES,
    "uuid": "uuid_hash_extended({v}, {seed})",
    "bytea": _BYTES,
    "numeric": TEXT,
    "time without time zone": _BYTES.format(v="time_send({v})", seed="{seed}"),
    "time with time zone": _BYTES.format(v="timetz_send({v})", seed="{seed}"),
    "timestamp without time zone": _BYTES.format(v="timestamp_send({v})", seed="{seed}"),
    "timestamp with time zone": _BYTES.format(v="timestamptz_send({v})", seed="{seed}"),
    "interval": _BYTES.format(v="interval_send({v})", seed="{seed}"),
}
"""Type without its modifier → the hash of ``{v}`` under ``{seed}`` (63 bits; ``{small}`` are 31 of them). A type that
is not here is hashed as text.

A numeric's text costs half of its binary form; for the timestamps it is the other way round.
"""

_SHAPE = re.compile(r"([^()\[\]]+?)\s*(?:\((-?\d+(?:,-?\d+)?)\))?( with(?:out)? time zone)?((?:\[\])*)")


@dataclass(frozen=True)
class Shape:
    """A type's name taken apart: ``numeric``, ``12,2``."""

    base: str
    modifier: str = ""


def shape(name: str) -> Shape:
    """Takes a type's name apart; an array's base ends in ``[]``."""
    found = _SHAPE.fullmatch(name)
    if found is None:
        return Shape(name)
    head, modifier, tail, array = found.groups()
    base = "interval" if head.startswith("interval ") else head
    return Shape(base + (tail or "") + array, modifier or "")


def source_value(column: FlowColumn) -> str:
    """What the target must have: the expression as it travels, then as the target stores it.

    Stored means rounded, and over-long blanks cut. Nothing else is cut: a cast to ``varchar(3)`` would hide a loss.
    """
    kind = shape(column.type)
    value = f"({column.expression})::{column.wire or 'text'}"
    if column.wire is None:
        return value
    if kind.base in RULES:
        return f"({value})::{column.type}"
    if kind.base == "character varying" and kind.modifier:
        fits = f"octet_length({value}) <= {kind.modifier} OR rtrim(substr({value}, {kind.modifier} + 1)) <> ''"
        return f"(CASE WHEN {fits} THEN {value} ELSE left({value}, {kind.modifier}) END)"
    return value


def source_hash(column: FlowColumn, seed: int, *, recode: bool = False) -> str:
    """The hash of what the target must have, as SQL; NULL for NULL. ``recode``: the server's texts are not UTF-8."""
    return _hashed(source_value(column), column, seed, recode, "bpchar" if column.wire == "bpchar" else "text")


def target_hash(column: FlowColumn, value: str, seed: int, *, recode: bool = False) -> str:
    """The hash of ``value``, the target's column: a domain as what it is a domain of."""
    known = column.wire is not None and shape(column.type).base in RULES
    return _hashed(f"({value})::{column.type}" if known else value, column, seed, recode, "bpchar")


def _hashed(value: str, column: FlowColumn, seed: int, recode: bool, blank_padded: str) -> str:
    kind = shape(column.type)
    seeds = {"seed": seed, "small": seed & 0x7FFFFFFF}
    if column.wire is not None and kind.base in RULES:
        return RULES[kind.base].format(v=value, **seeds)
    if column.wire is not None and kind.base == "bpchar":
        # Without a length it keeps blanks, which a cast to text drops; the binary form has them, in our encoding.
        return _BYTES.format(v=f"{blank_padded}send({value})", **seeds)
    if kind.base == "character":
        value = f"rtrim(({value})::text)"
    return _BYTES.format(v=f"convert_to(({value})::text, 'UTF8')", **seeds) if recode else TEXT.format(v=value, **seeds)
