"""What our logins may not do on either side, and what a policy would hide; pure."""

from collections.abc import Iterable, Iterator

from golive.migration.draft import Draft
from golive.migration.mapping import DataMapping
from golive.migration.names import TableName
from golive.migration.objects import Catalogue
from golive.release.errors import Finding, shown_key


def right_findings(
    mapping: DataMapping, drafts: Iterable[Draft], source: Catalogue, target: Catalogue
) -> Iterator[Finding]:
    if source.large_objects and mapping.large_objects == "refuse":
        yield Finding(("large_objects",), "mapping.large_objects", {"count": source.large_objects})
    for draft in drafts:
        place = ("tables", draft.path)
        own = [draft.source.name] if draft.source else []
        for name in dict.fromkeys((*own, *draft.reads, *draft.lookup_tables)):
            for key in _hindrances(name, source):
                yield Finding(place, key, {"name": shown_key(str(name)), "database": source.database}, at_key=True)
        data = {"name": shown_key(str(draft.target.name)), "database": target.database}
        if not draft.target.owned:
            yield Finding(place, "mapping.not_owned", data, at_key=True)
        if draft.target.hides_rows:
            yield Finding(place, "mapping.hides_rows", data, at_key=True)


def _hindrances(name: TableName, source: Catalogue) -> Iterator[str]:
    table = source.tables.get(name)
    if table is None:
        return
    if not table.selectable:
        yield "mapping.not_selectable"
    if table.hides_rows:
        yield "mapping.hides_rows"
    if any(leaf in source.tables and source.tables[leaf].kind == "f" for leaf in table.leaves):
        yield "mapping.foreign_table"
