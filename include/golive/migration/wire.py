"""As what a value travels: the type to which the source casts it, chosen so that its binary form is the target's.

No wire type has a modifier: a cast to ``varchar(10)`` cuts silently on the source, while the target's own input
function refuses what is too long. ``format_type`` shows a schema with every type that is not PostgreSQL's own, so a
name without one means the same type on both sides.
"""

from golive.migration.objects import Column

_SCALARS = (
    "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "text", "bytea", "uuid", "oid",
    "date", "time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone",
    "interval", "json", "jsonb", "jsonpath", "inet", "cidr", "macaddr", "macaddr8", "pg_lsn", "bit varying",
    "point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "tsquery",
    "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
)  # fmt: skip
_SAME_BYTES = {"character varying": "text", "character": "text", "bpchar": "text", "name": "text", "bit": "bit varying"}
_ARRAYS = {"character varying[]": "character varying[]", "character[]": "bpchar[]"}

WIRE = {name: name for name in _SCALARS} | _SAME_BYTES | {f"{name}[]": f"{name}[]" for name in _SCALARS} | _ARRAYS
"""Base types of PostgreSQL's own whose binary form says the same on every server.

Not here, so as text: ``money`` (its meaning is the server's locale), ``xml`` (a declared encoding would be applied),
``"char"``, names of objects (``regclass``), arrays whose binary form names an element type that the source may lack.
"""


def wire_of(column: Column) -> str | None:
    """The wire type of a target's column; None where only the text form can travel."""
    if column.kind == "e":
        return "text"
    return WIRE.get(column.base)
