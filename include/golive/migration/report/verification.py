"""The verification and migration report: what moved, whether it is the same, what was cleansed and left behind."""

from collections.abc import Iterable
from dataclasses import dataclass

from golive.migration.accounting import Accounting
from golive.migration.report.document import Block, Document, Heading, Paragraph, Table
from golive.migration.report.words import Words
from golive.migration.verdict import FlowVerdict, Verification


@dataclass(frozen=True)
class Loaded:
    """What a step moved, for the report: seconds are wall-clock."""

    flow: str
    rows: int
    bytes: int
    seconds: float


def verification_report(
    name: str,
    verification: Verification,
    locale: str,
    *,
    accounting: Accounting | None = None,
    loaded: tuple[Loaded, ...] = (),
) -> Document:
    """Everything that an approver needs to see, and no value of a personal column."""
    word = Words(locale)
    title = word("title", name=name)
    blocks: list[Block] = [Paragraph(word("equal" if verification.equal else "unequal", count=verification.count))]
    if verification.partial:
        blocks.append(Paragraph(word("partial")))
    blocks += _rows(verification.flows, word)
    blocks += _differences(verification.flows, word)
    blocks += _objects(verification, word)
    if accounting is not None:
        blocks += _accounting(accounting, word)
    blocks += _loaded(loaded, word)
    return Document(title, locale, tuple(blocks))


def _rows(flows: Iterable[FlowVerdict], word: Words) -> list[Block]:
    rows = tuple(
        (
            flow.target,
            flow.source_rows,
            flow.target_rows,
            flow.missing,
            flow.extra,
            flow.different,
            word("yes" if flow.equal else "no"),
            f"{flow.seconds:.1f}",
        )
        for flow in flows
    )
    return [Heading(word("rows")), Table(word.row("table source target missing extra different same seconds"), rows)]


def _differences(flows: Iterable[FlowVerdict], word: Words) -> list[Block]:
    rows = tuple(
        (flow.target, word(f"kind_{each.kind}"), each.key, ", ".join(each.columns))
        for flow in flows
        for each in flow.samples
    )
    if not rows:
        return []
    table = Table(word.row("table kind key columns"), rows)
    return [Heading(word("differences")), Paragraph(word("differences_note")), table]


def _objects(verification: Verification, word: Words) -> list[Block]:
    if verification.partial:
        return []
    head = Heading(word("objects"))
    if not verification.flaws:
        return [head, Paragraph(word("objects_sound"))]
    rows = tuple((flaw.table, flaw.name, word(f"flaw_{flaw.flaw}"), flaw.count) for flaw in verification.flaws)
    return [head, Table(word.row("table name flaw count"), rows)]


def _accounting(accounting: Accounting, word: Words) -> list[Block]:
    cleansed = tuple((each.flow, each.rule, each.column, each.why, each.rows) for each in accounting.cleansed)
    rejected = tuple(
        (each.flow, each.rule, each.why, each.rows, ", ".join(each.keys[:5])) for each in accounting.rejected
    )
    blocks: list[Block] = [Heading(word("cleansed"))]
    blocks.append(Table(word.row("flow rule column why rows"), cleansed) if cleansed else Paragraph(word("none")))
    blocks.append(Heading(word("rejected")))
    blocks.append(Table(word.row("flow rule why rows some_keys"), rejected) if rejected else Paragraph(word("none")))
    return blocks


def _loaded(loaded: tuple[Loaded, ...], word: Words) -> list[Block]:
    if not loaded:
        return []
    rows = tuple((each.flow, each.rows, each.bytes, f"{each.seconds:.1f}") for each in loaded)
    return [Heading(word("loaded")), Table(word.row("flow rows bytes seconds"), rows)]
