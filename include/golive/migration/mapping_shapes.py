"""The shapes of a mapping's texts: names of objects as PostgreSQL keeps them, and SQL.

A name may hold anything but NUL, also a quote or a line break; whatever shows one to a person escapes it. SQL is
the author's own and is signed with the mapping; that it is one expression, and reads nothing it does not declare, is
found by asking the source.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from golive.migration.names import IDENTIFIER_BYTES, TableName

DEFAULT_SCHEMA = "public"
_PART = r'(?:"((?:[^"\x00]|"")+)"|([^".\x00]+))'
_TABLE = re.compile(rf"(?:{_PART}\.)?{_PART}", re.DOTALL)


def table_name(text: str) -> TableName:
    """``schema.table`` as written in a mapping: ``public`` unless told, case kept, a part with a dot in quotes.

    Raises ``ValueError`` for what is no name.
    """
    match = _TABLE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    quoted_schema, plain_schema, quoted_name, plain_name = match.groups()
    schema = quoted_schema.replace('""', '"') if quoted_schema else plain_schema or DEFAULT_SCHEMA
    return TableName(schema, quoted_name.replace('""', '"') if quoted_name else plain_name)


def written(name: TableName) -> str:
    """The inverse of ``table_name``."""
    return ".".join(_written(part) for part in (name.schema, name.name))


def _written(part: str) -> str:
    return '"' + part.replace('"', '""') + '"' if '"' in part or "." in part else part


def _object(name: str) -> str:
    if "\x00" in name or len(name.encode()) > IDENTIFIER_BYTES:
        raise PydanticCustomError("shape_object", "not a name that PostgreSQL keeps")
    return name


def _table(text: str) -> str:
    try:
        name = table_name(text)
    except ValueError as error:
        raise PydanticCustomError("shape_table", "not schema.table") from error
    _object(name.schema)
    _object(name.name)
    return text


def _sql(text: str) -> str:
    if "\x00" in text or not text.strip():
        raise PydanticCustomError("shape_sql", "no SQL")
    return text


ObjectName = Annotated[str, StringConstraints(min_length=1), AfterValidator(_object)]
TablePath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_table)]
Expression = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_sql)]
Query = Annotated[str, StringConstraints(max_length=50_000), AfterValidator(_sql)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A name with ``*`` and ``?``, of ``schema.table``."""
Literal_ = Annotated[str, StringConstraints(max_length=4000)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
