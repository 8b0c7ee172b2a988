"""A mapping turned round as far as that follows from the mapping itself; pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from golive.migration.draft import Draft, Origin, chosen, drafts
from golive.migration.flow import S
from golive.migration.mapping import EVERY, DataMapping, Lookup, LookupUse, Reverse, TableMapping
from golive.migration.mapping_shapes import table_name, written
from golive.migration.names import TableName, quoted
from golive.migration.objects import Catalogue, Table
from golive.migration.sql_words import lone_column
from golive.release.errors import Finding, shown_key


@dataclass
class _Made:
    """What is being put together."""

    lookups: dict[str, Lookup]
    tables: dict[str, TableMapping] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def derived(mapping: DataMapping, source: Catalogue, target: Catalogue) -> tuple[DataMapping, tuple[Finding, ...]]:
    """The mapping back and what has no way back. What ``reverse`` declares stands before what follows by itself."""
    declared = mapping.reverse or Reverse()
    said = {table_name(path): (path, spec) for path, spec in declared.tables.items()}
    there = drafts(mapping, source, target)
    used = {name for draft in there for name in _tables_of(draft)}
    made = _Made(dict(declared.lookups))
    left = [table for table in source.roots if table.name not in used or _excluded(table.name, declared)]
    for table in source.roots:
        if table not in left:
            path, spec = said.get(table.name, (written(table.name), TableMapping()))
            own = [draft for draft in there if draft.source is not None and draft.source.name == table.name]
            _turn_round(made, path, spec, table, own, mapping)
    back = DataMapping(
        schemas={to: origin for origin, to in mapping.schemas.items()},
        exclude=tuple(_escaped(str(table.name)) for table in left),
        lookups=made.lookups,
        tables=made.tables,
        ignore={**_not_ours(mapping, target), **declared.ignore},
        large_objects="leave",
    )
    return back, tuple(made.findings)


def _tables_of(draft: Draft) -> Iterator[TableName]:
    if draft.source is not None:
        yield draft.source.name
    yield from draft.reads
    yield from draft.lookup_tables


def _excluded(name: TableName, declared: Reverse) -> bool:
    return any(re.fullmatch(_regex(pattern), str(name), re.DOTALL) for pattern in declared.exclude)


def _regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _not_ours(mapping: DataMapping, target: Catalogue) -> dict[str, tuple[str, ...]]:
    """Target tables that the mapping leaves out. A new one that it only says nothing of is not among them: what is
    written there would be lost on the way back."""
    return {written(table.name): (EVERY,) for table in target.roots if not chosen(mapping, table.name)}


def _turn_round(
    made: _Made, path: str, spec: TableMapping, table: Table, own: list[Draft], mapping: DataMapping
) -> None:
    if spec.source is not None or spec.query is not None:
        made.tables[path] = spec
        return
    draft = own[0] if len(own) == 1 else None
    if draft is None or draft.spec.split is not None or draft.spec.where is not None or draft.spec.reject:
        made.findings.append(
            Finding(("tables", path), "mapping.back_undeclared", {"name": str(table.name)}, at_key=True)
        )
        return
    ignored = {name for key, names in mapping.ignore.items() if table_name(key) == table.name for name in names}
    columns, lookups = dict(spec.columns), dict(spec.lookups)
    plain, uses = _plain(draft), _inverted(made, draft, mapping.lookups)
    for column in table.columns:
        name = column.name
        if column.generated or name in columns or name in lookups or name in spec.constants or name in spec.defaults:
            continue
        if name in plain:
            columns[name] = f"{S}.{quoted(plain[name])}"
        elif name in uses:
            lookups[name] = uses[name]
        elif name not in ignored:
            made.findings.append(
                Finding(("tables", path), "mapping.back_missing", {"name": shown_key(name)}, at_key=True)
            )
    left = tuple(name for name in ignored if name not in columns and name not in lookups and table.column(name))
    changes = {
        "source": written(draft.target.name),
        "columns": columns,
        "lookups": lookups,
        "defaults": tuple(dict.fromkeys((*spec.defaults, *left))),
    }
    made.tables[path] = spec.model_copy(update=changes)


def _plain(draft: Draft) -> dict[str, str]:
    """Source column: the target column that is a copy of it; a cleansed value goes back as it is now."""
    found: dict[str, str] = {}
    for given in draft.given:
        name = given.target.name
        text = draft.spec.columns.get(name)
        own = lone_column(text) if text is not None else name if given.origin is Origin.SAME else None
        if own is not None and own in draft.source_columns and name not in draft.spec.accept:
            found.setdefault(own, name)
    return found


def _inverted(made: _Made, draft: Draft, lookups: Mapping[str, Lookup]) -> dict[str, LookupUse]:
    """Lookups whose values are all different give back their key."""
    found = {}
    for name, use in draft.spec.lookups.items():
        lookup, own = lookups.get(use.lookup), lone_column(use.of)
        if lookup is None or lookup.table is not None or own is None or use.missing != "refuse":
            continue
        turned = {value: key for key, value in lookup.rows.items()}
        if len(turned) == len(lookup.rows):
            made.lookups.setdefault(f"{use.lookup}_back", Lookup(rows=turned))
            found[own] = LookupUse.model_validate({"in": f"{use.lookup}_back", "of": f"{S}.{quoted(name)}"})
    return found
