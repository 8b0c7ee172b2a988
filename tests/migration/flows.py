"""Flows made by hand, and tables to fill: what the engine's tests move."""

from collections.abc import Callable

from golive.migration.endpoint import Endpoint
from golive.migration.flow import Classification, Flow, FlowColumn, Source, UnitColumn
from golive.migration.names import TableName, literal, quoted
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.settings import Limits, Migration, Progress


def table(name: str, schema: str = "public") -> TableName:
    return TableName(schema, name)


def same(
    name: str,
    columns: dict[str, str],
    key: tuple[str, ...] = ("id",),
    *,
    binary: bool = True,
    classification: Classification = Classification.PERSONAL,
    truncate: bool = False,
    pages: tuple[TableName, ...] | None = None,
    target: str = "",
) -> Flow:
    """A table copied as it is; ``columns`` are names and types."""
    source = table(name)
    flow_columns = tuple(
        FlowColumn(column, f"s.{quoted(column)}", kind, kind if binary else None, classification)
        for column, kind in columns.items()
    )
    units = tuple(UnitColumn(column, columns[column], f"u.u{number + 1}") for number, column in enumerate(key))
    return Flow(
        name, table(target or name), flow_columns, key, source.sql, "", (Source(source, key),), units,
        tuple(columns[column] for column in key), (source,) if pages is None else pages, truncate=truncate,
    )  # fmt: skip


def migration(
    source: Endpoint,
    target: Endpoint,
    *flows: Flow,
    token: int = 1,
    limits: Limits | None = None,
    report: Callable[[Progress], None] = lambda _progress: None,
    name: str = "move",
) -> Migration:
    return Migration(
        name, source, target, flows, "sha256:" + "0" * 64, token, limits=limits or Limits(chunk_bytes=1 << 20),
        report=report,
    )  # fmt: skip


def ready(wanted: Migration) -> Migration:
    """Prepared and planned."""
    prepare(wanted)
    plan_chunks(wanted)
    return wanted


def run_sql(endpoint: Endpoint, *statements: str) -> None:
    with endpoint.session("test", search_path="public") as session:
        for statement in statements:
            session.execute(statement.encode())


def url(endpoint: Endpoint) -> str:
    password = endpoint.password.reveal() if endpoint.password else ""
    return f"postgresql://{endpoint.user}:{password}@{endpoint.host}:{endpoint.port}/{endpoint.database}"


CALLS = {"id": "bigint", "name": "text", "note": "text", "at": "timestamptz", "amount": "numeric", "extra": "jsonb"}
CALLS_TABLE = "CREATE TABLE calls (id bigint, name text, note text, at timestamptz, amount numeric(12,2), extra jsonb)"


def fill_calls(rows: int) -> str:
    words = literal("고객 상담 기록 ")
    return f"""
        INSERT INTO calls SELECT i, '이름 ' || i, repeat({words}, 1 + i % 5), now() - i * interval '1 minute',
               i * 1.37, jsonb_build_object('n', i, 's', md5(i::text)) FROM generate_series(1, {rows}) i"""


CALLS_ROWS = "SELECT id::text, name, note, at::text, amount::text, extra::text FROM calls"
