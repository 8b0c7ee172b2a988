"""What the tests of a verification share: a table on both sides, filled by hand."""

from collections.abc import Mapping

from golive.canonical import Digest
from golive.migration.endpoint import Endpoint
from golive.migration.flow import Classification, Flow, FlowColumn, Source, UnitColumn
from golive.migration.names import TableName, quoted
from golive.migration.settings import Migration

SHA = Digest("sha256:" + "0" * 64)


def run(endpoint: Endpoint, *statements: str) -> None:
    """Runs SQL as an application's session does."""
    with endpoint.session("test", search_path="public", default_transaction_read_only="off") as session:
        for statement in statements:
            session.execute(statement.encode())


def flow_of(
    table: str,
    columns: Mapping[str, str],
    key: tuple[str, ...] = ("id",),
    *,
    wires: Mapping[str, str | None] | None = None,
    public: tuple[str, ...] = (),
) -> Flow:
    """A flow of a table that is the same on both sides. ``columns``: name → type; ``wires``: those that travel as
    another type."""
    name = TableName("public", table)
    wire = {**columns, **(wires or {})}
    kinds = {column: Classification.PUBLIC if column in public else Classification.PERSONAL for column in columns}
    return Flow(
        name=table,
        target=name,
        columns=tuple(FlowColumn(c, f"s.{quoted(c)}", kind, wire[c], kinds[c]) for c, kind in columns.items()),
        key=key,
        relation=name.sql,
        where="",
        sources=(Source(name, key),),
        unit=tuple(UnitColumn(c, wire[c] or "text", f"u.u{number}") for number, c in enumerate(key, 1)),
        unit_types=tuple(columns[c] for c in key),
        pages=(name,),
    )


def migration_of(source: Endpoint, target: Endpoint, *flows: Flow, name: str = "move") -> Migration:
    return Migration(name, source, target, flows, SHA)
