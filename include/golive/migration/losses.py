"""What a value may lose on its way from one type into another, and how the data is asked whether it does; pure.

A cast that PostgreSQL makes in an assignment may still round, cut, or mean another moment. ``loss_of`` names it by a
text of ``texts/*/mapping.toml``, with a condition over ``{x}`` that holds for a row that would lose something.
"""

import re
from dataclasses import dataclass

from golive.migration.names import literal
from golive.migration.objects import Catalogue, Column

TEXTS = frozenset({"text", "character varying", "character", "bpchar"})
_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_FLOATS = frozenset({"real", "double precision"})
_EXACT_UP_TO = {"real": 2**24, "double precision": 2**53}
_ZONED = {
    ("timestamp without time zone", "timestamp with time zone"),
    ("timestamp with time zone", "timestamp without time zone"),
    ("timestamp with time zone", "date"),
    ("date", "timestamp with time zone"),
    ("timestamp with time zone", "time without time zone"),
    ("timestamp with time zone", "time with time zone"),
}
"""Casts whose result depends on the session's time zone."""
_ALWAYS = {
    ("timestamp without time zone", "time without time zone"),
    ("interval", "time without time zone"),
    ("time with time zone", "time without time zone"),
}
_SAFE = {
    ("date", "timestamp without time zone"),
    ("real", "double precision"),
    ("time without time zone", "interval"),
    ("cidr", "inet"),
    ("jsonb", "json"),
}
_JSON_TWICE = (
    "CASE json_typeof({x}) WHEN 'object' THEN (SELECT count(*) FROM json_object_keys({x}))"
    " <> (SELECT count(*) FROM jsonb_object_keys(({x})::jsonb)) ELSE false END"
)
_BACK = {
    ("inet", "cidr"): "({x})::cidr::inet <> ({x})",
    ("json", "jsonb"): _JSON_TWICE,
    ("timestamp without time zone", "date"): "({x})::date::timestamp <> ({x})",
    ("double precision", "real"): "({x}) <> 'NaN' AND ({x})::real::double precision <> ({x})",
    ("real", "numeric"): "({x}) <> 'NaN' AND ({x})::numeric::real <> ({x})",
    ("double precision", "numeric"): "({x}) <> 'NaN' AND ({x})::numeric::double precision <> ({x})",
    ("numeric", "real"): "({x}) <> 'NaN' AND ({x})::real::text::numeric <> ({x})",
    ("numeric", "double precision"): "({x}) <> 'NaN' AND ({x})::double precision::text::numeric <> ({x})",
}


@dataclass(frozen=True)
class Loss:
    """``condition`` None: no row can come through. ``silent``: PostgreSQL would not refuse such a row, only change it;
    the author may accept that."""

    key: str
    condition: str | None = None
    silent: bool = True


IMPOSSIBLE = Loss("no_cast", silent=False)


def loss_of(given: Column, wanted: Column, source: Catalogue, target: Catalogue) -> tuple[Loss, ...]:
    """What may go wrong between the type of an expression and that of a target's column."""
    if "e" in (given.kind, wanted.kind):
        return _of_enum(given, wanted, source, target)
    if "c" in (given.kind, wanted.kind):
        return _of_composite(given, wanted, source, target)
    pair = (given.base, wanted.base)
    if given.base == wanted.base or TEXTS.issuperset(pair) or pair in _SAFE:
        return _of_modifier(given, wanted)
    if pair in _ZONED:
        return (Loss("zone_needed", silent=False),)
    if pair in _ALWAYS:
        return (Loss("always_lossy", "true"),)
    return _of_other(given, wanted, pair in source.casts | target.casts)


def _of_other(given: Column, wanted: Column, castable: bool) -> tuple[Loss, ...]:
    pair = (given.base, wanted.base)
    if numbers := _of_numbers(given, wanted):
        return numbers
    if pair in _BACK:
        return (Loss("lossy", _BACK[pair]), *_of_modifier(given, wanted))
    if wanted.base in TEXTS:
        return _of_length(wanted)
    return _of_modifier(given, wanted) if castable or _integer_to_float(*pair) else (IMPOSSIBLE,)


def _of_enum(given: Column, wanted: Column, source: Catalogue, target: Catalogue) -> tuple[Loss, ...]:
    if wanted.kind != "e":
        return _of_length(wanted) if wanted.base in TEXTS else (IMPOSSIBLE,)
    labels = target.enums.get(wanted.base, ())
    if given.kind == "e" and set(source.enums.get(given.base, ("",))) <= set(labels):
        return ()
    if given.kind != "e" and given.base not in TEXTS:
        return (IMPOSSIBLE,)
    known = ", ".join(literal(label) for label in labels) or "NULL"
    return (Loss("not_a_label", f"({{x}})::text NOT IN ({_braced(known)})", silent=False),)


def _of_composite(given: Column, wanted: Column, source: Catalogue, target: Catalogue) -> tuple[Loss, ...]:
    if given.kind != "c":
        return (IMPOSSIBLE,)
    if wanted.base in TEXTS:
        return _of_length(wanted)
    there = source.composites.get(given.base)
    return () if there is not None and there == target.composites.get(wanted.base) else (IMPOSSIBLE,)


def _of_modifier(given: Column, wanted: Column) -> tuple[Loss, ...]:
    if wanted.base in TEXTS:
        return _of_length(wanted) if _length(given) is None or (_length(given) or 0) > (_length(wanted) or 0) else ()
    if wanted.base == "numeric":
        return _of_scale(given, wanted)
    if wanted.base == "name" and given.base != "name":
        return (Loss("too_long_for", "octet_length(({x})::text) > 63", silent=False),)
    if wanted.limited in (wanted.base, given.limited):
        return ()
    return (Loss("lossy", f"({{x}})::{wanted.limited}::{wanted.base} <> ({{x}})"),)


def _of_length(wanted: Column) -> tuple[Loss, ...]:
    length = _length(wanted)
    losses = [] if length is None else [Loss("too_long_for", f"length(({{x}})::text) > {length}", silent=False)]
    if length is not None and wanted.base == "character varying":
        cut = f"length(({{x}})::text) > {length} AND length(rtrim(({{x}})::text, ' ')) <= {length}"
        losses = [
            Loss("too_long_for", f"length(rtrim(({{x}})::text, ' ')) > {length}", silent=False),
            Loss("blanks_cut", cut),
        ]
    if wanted.base == "character":
        losses.append(Loss("blanks_cut", "({x})::text LIKE '% '"))
    return tuple(losses)


def _length(column: Column) -> int | None:
    match = re.search(r"\((\d+)\)", column.limited)
    return int(match[1]) if match else None


def _of_scale(given: Column, wanted: Column) -> tuple[Loss, ...]:
    limit = _precision(wanted.limited)
    if limit is None:
        return ()
    digits, scale = limit
    now = _precision(given.limited) if given.base == "numeric" else None
    if now and now[1] <= scale and now[0] - now[1] <= digits - scale:
        return ()
    losses = [
        Loss("overflow", f"({{x}}) <> 'NaN' AND abs(round(({{x}})::numeric, {scale})) >= 1e{digits - scale}", False)
    ]
    if given.base not in _INTEGERS and not (now and now[1] <= scale):
        losses.append(Loss("rounded", f"({{x}})::numeric <> round(({{x}})::numeric, {scale})"))
    return tuple(losses)


def _precision(limited: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"numeric\((\d+),(-?\d+)\)", limited)
    return (int(match[1]), int(match[2])) if match else None


def _of_numbers(given: Column, wanted: Column) -> tuple[Loss, ...]:
    limit = _INTEGERS.get(wanted.base)
    if limit is not None and given.base in (*_INTEGERS, *_FLOATS, "numeric"):
        outside = Loss("overflow", f"({{x}})::numeric NOT BETWEEN {-limit} AND {limit - 1}", silent=False)
        if given.base in _INTEGERS:
            return (outside,) if _INTEGERS[given.base] > limit else ()
        fraction = "({x})::numeric <> trunc(({x})::numeric) AND ({x})::text NOT IN ('NaN', 'Infinity', '-Infinity')"
        return (outside, Loss("rounded", fraction))
    if given.base in _INTEGERS and wanted.base in _FLOATS and _INTEGERS[given.base] > _EXACT_UP_TO[wanted.base]:
        return (Loss("rounded", f"({{x}}) NOT BETWEEN {-_EXACT_UP_TO[wanted.base]} AND {_EXACT_UP_TO[wanted.base]}"),)
    if given.base in (*_INTEGERS, "numeric") and wanted.base == "numeric":
        return _of_scale(given, wanted)
    return ()


def _integer_to_float(given: str, wanted: str) -> bool:
    return given in _INTEGERS and wanted in (*_INTEGERS, *_FLOATS, "numeric")


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
