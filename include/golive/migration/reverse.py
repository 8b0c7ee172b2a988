"""The way back, found at plan time: declared, or derived from the way there; what has none is named and refused.

After go-live every write that the new database acknowledged goes back into the old one through this mapping, so its
rows are not known yet: what may not fit is refused now, unless the mapping accepts it, instead of at night.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from golive.migration.check import QUESTION_SECONDS, Checked, Sides, judge
from golive.migration.derive import derived
from golive.migration.endpoint import Endpoint
from golive.migration.errors import Irreversible
from golive.migration.flow import Flow
from golive.migration.mapping import DataMapping
from golive.migration.mapping_file import MappingFile
from golive.migration.mapping_shapes import table_name
from golive.migration.questions import Question, ask
from golive.release.errors import Finding, Path, Problem

_ANSWERED_BY_TIME = frozenset({"mapping.value_refused"})
"""Whether an expression breaks on a row to come cannot be told from its type; those that are there are asked."""


def reverse(
    file: MappingFile, checked: Checked, source: Endpoint, target: Endpoint, seconds: int = QUESTION_SECONDS
) -> Checked:
    """The mapping from the target back to the source, checked; ``source`` and ``target`` are those of the way there.

    Raises ``Irreversible``, naming every column without a way back; its ``problems`` have the places.
    """
    mapping, open_ends = derived(checked.mapping, checked.source, checked.target)
    with source.session("check") as old, target.session("check") as new:
        judged = judge(mapping, checked.target, checked.source, Sides(new, old))
        asked = [question for question in judged.questions if question.key in _ANSWERED_BY_TIME]
        findings = [*open_ends, *judged.findings, *ask(new, asked, seconds)]
    findings += _may_fail(mapping, judged.questions)
    findings += _may_delete(checked, judged.flows)
    findings += _may_orphan(mapping, checked, judged.flows)
    if findings:
        problems = file.problems([replace(finding, path=("reverse", *finding.path)) for finding in findings])
        raise Irreversible(columns="; ".join(_named(problem) for problem in problems), problems=problems)
    return Checked(mapping, judged.flows, checked.target, checked.source)


def _may_fail(mapping: DataMapping, questions: Iterable[Question]) -> Iterator[Finding]:
    specs = {table_name(path): spec for path, spec in mapping.tables.items()}
    for question in questions:
        accepted = specs[table_name(str(question.path[1]))].accept if len(question.path) > 1 else {}
        names = str(question.data.get("name", "")).split(", ")
        if question.key not in _ANSWERED_BY_TIME and accepted.keys().isdisjoint(names):
            yield Finding(_table(question.path), "mapping.back_may_fail", {"name": ", ".join(names)}, at_key=True)


def _table(path: Path) -> Path:
    return path[:2]


def _may_delete(checked: Checked, flows: Iterable[Flow]) -> Iterator[Finding]:
    """Where rows were left behind, the old table has more than the new one, and must never be made equal as a whole."""
    filtered = {entry.table for flow in checked.flows if flow.where for entry in flow.sources[:1]}
    for flow in flows:
        if flow.target in filtered and (not flow.unit or any(not entry.unit for entry in flow.sources)):
            yield Finding(("tables", str(flow.target)), "mapping.back_would_delete", {"name": str(flow.target)})


def _may_orphan(mapping: DataMapping, checked: Checked, flows: Iterable[Flow]) -> Iterator[Finding]:
    """A row that the new database deletes cannot go from the old one while a table that stays as it is refers to it."""
    specs = {table_name(path): (path, spec) for path, spec in mapping.tables.items()}
    back = {flow.target: flow for flow in flows}
    for table in checked.source.tables.values():
        for key in table.foreign_keys if table.name not in back and table.partition_of is None else ():
            path, spec = specs.get(key.references, (str(key.references), None))
            accepted = spec is not None and not spec.accept.keys().isdisjoint(key.referenced)
            if key.references in back and not accepted:
                data = {"name": str(table.name), "parent": str(key.references), "column": key.referenced[0]}
                yield Finding(("tables", path), "mapping.back_may_orphan", data, at_key=True)


def _named(problem: Problem) -> str:
    """``schema.table.column``, or the table alone."""
    data, path = problem.finding.data, problem.finding.path
    name = str(data.get("name", ""))
    table = str(data.get("table") or (table_name(str(path[2])) if len(path) > 2 else ""))
    return f"{table}.{name}" if table and name != table else name
