"""A mapping, held against both databases before anything runs: every problem at once, with file and line."""

from dataclasses import dataclass
from typing import Any

import psycopg

from golive.migration.catalogue import read_catalogue
from golive.migration.check_columns import dropped_findings, missing_findings
from golive.migration.check_constants import constant_findings
from golive.migration.check_names import name_findings
from golive.migration.check_rights import right_findings
from golive.migration.check_sql import describe
from golive.migration.check_types import lookup_questions, questions_of
from golive.migration.describe import Probe
from golive.migration.draft import drafts
from golive.migration.endpoint import Endpoint
from golive.migration.errors import MappingInvalid
from golive.migration.flow import Flow
from golive.migration.flows import flow_of
from golive.migration.mapping import DataMapping
from golive.migration.mapping_file import MappingFile
from golive.migration.objects import Catalogue
from golive.migration.order import parents_first
from golive.migration.questions import Question, ask
from golive.release.errors import Finding

QUESTION_SECONDS = 300
"""How long the source may take over one question about its rows."""


@dataclass(frozen=True)
class Checked:
    """A mapping that holds: its flows, parents first, and the catalogues that it was held against."""

    mapping: DataMapping
    flows: tuple[Flow, ...]
    source: Catalogue
    target: Catalogue


@dataclass(frozen=True)
class Sides:
    """A session on each side."""

    source: psycopg.Connection[Any]
    target: psycopg.Connection[Any]


@dataclass(frozen=True)
class Judged:
    """What can be said of a mapping without its rows, and the questions that only these can answer."""

    flows: tuple[Flow, ...] = ()
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()


def check(file: MappingFile, source: Endpoint, target: Endpoint, seconds: int = QUESTION_SECONDS) -> Checked:
    """Raises ``MappingInvalid`` with every problem. Reads both sides and changes neither."""
    with source.session("check") as there, target.session("check") as here:
        catalogues = read_catalogue(there), read_catalogue(here)
        judged = judge(file.mapping, *catalogues, Sides(there, here))
        findings = (*judged.findings, *ask(there, judged.questions, seconds))
    if findings:
        raise MappingInvalid(problems=file.problems(findings))
    return Checked(file.mapping, judged.flows, *catalogues)


def judge(mapping: DataMapping, source: Catalogue, target: Catalogue, sides: Sides) -> Judged:
    """The flows of a mapping and what is wrong with it, whatever the rows are."""
    names = tuple(name_findings(mapping, source, target))
    found = drafts(mapping, source, target)
    findings = [*names, *missing_findings(found), *dropped_findings(mapping, found, source, target)]
    findings += right_findings(mapping, found, source, target)
    constants = () if names else tuple(constant_findings(found, mapping.lookups, sides.target))
    if names or constants:
        # What stands on something wrong would be told a second time by every expression that uses it.
        return Judged(findings=(*findings, *constants))
    flows = {draft.target.name: flow_of(draft, source) for draft in found}
    probe, questions = Probe(sides.source), list[Question]()
    for draft in found:
        flow = flows[draft.target.name]
        described = describe(draft, flow, source, probe)
        findings += described.findings
        if not described.findings:
            wrong, asked = questions_of(draft, flow, described.types, source, target)
            findings += wrong
            questions += [*lookup_questions(draft, flow, mapping.lookups), *asked]
    return Judged(tuple(flows[name] for name in parents_first(flows, target)), tuple(findings), tuple(questions))
