"""What of a value is hashed: bytes of its own that are equal exactly when the values are the same to the last byte.

The server's hash functions follow ``=``, and ``=`` is too kind: 1.0 = 1.00, -0.0 = 0.0, jsonb numbers without their
scale, bpchar without its blanks. Those of bigint and of the timestamps fold 64 bits into 32. So only types whose hash
takes every bit go in as they are; others by their binary form, where that is canonical, and the rest as text.

A column's type here is the one that stores: looked at through domains, with its modifier, as ``format_type`` shows it.
"""

import re
from dataclasses import dataclass

from golive.migration.flow import FlowColumn

TEXT = '({v})::text COLLATE "C"'
RULES: dict[str, str] = {
    "boolean": "{v}",
    "smallint": "{v}",
    "integer": "{v}",
    "oid": "{v}",
    "date": "{v}",
    "uuid": "{v}",
    "bytea": "{v}",
    "bigint": "int8send({v})",
    "numeric": "numeric_send({v})",
    "time without time zone": "time_send({v})",
    "time with time zone": "timetz_send({v})",
    "timestamp without time zone": "timestamp_send({v})",
    "timestamp with time zone": "timestamptz_send({v})",
    "interval": "interval_send({v})",
}
"""Type without its modifier → what is hashed of ``{v}``. A type that is not here is hashed as text."""

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


def source_item(column: FlowColumn, *, recode: bool = False) -> str:
    """What the source hashes for a column: an SQL expression, NULL for NULL. ``recode``: its texts are not UTF-8."""
    return _hashed(
        source_value(column), column, recode, f"{'bpchar' if column.wire == 'bpchar' else 'text'}send({{v}})"
    )


def target_item(column: FlowColumn, value: str, *, recode: bool = False) -> str:
    """What the target hashes of ``value``, its column: a domain as what it is a domain of."""
    known = column.wire is not None and shape(column.type).base in RULES
    return _hashed(f"({value})::{column.type}" if known else value, column, recode, "bpcharsend({v})")


def _hashed(value: str, column: FlowColumn, recode: bool, unpadded: str) -> str:
    kind = shape(column.type)
    if column.wire is not None and kind.base in RULES:
        return RULES[kind.base].format(v=value)
    if column.wire is not None and kind.base == "bpchar":
        # Without a length it keeps blanks, which a cast to text drops; the binary form has them, in our encoding.
        return unpadded.format(v=value)
    item = TEXT.format(v=value)
    if kind.base == "character":
        item = f"rtrim({item})"
    return f"convert_to({item}, 'UTF8')" if recode else item
