"""The source's profile on paper."""

from golive.migration.analysis.values import ColumnProfile, Profile, TableProfile
from golive.migration.flow import Classification
from golive.migration.privacy import MASK
from golive.migration.report.document import Block, Document, Heading, Paragraph, Table
from golive.migration.report.words import Words


def profile_report(profile: Profile, locale: str) -> Document:
    """An overview, then every table. Ranges of columns that are not public are masked."""
    word = Words(locale)
    blocks: list[Block] = [Paragraph(word("profile_note")), _overview(profile, word)]
    for table in profile.tables:
        blocks += [Heading(table.table), _columns(table, word), *_relations(table, word)]
    return Document(word("profile_title", database=profile.database), locale, tuple(blocks))


def _overview(profile: Profile, word: Words) -> Table:
    rows = tuple(
        (table.table, table.rows, table.bytes, ", ".join(table.key) or word("no_key"), _count(table))
        for table in profile.tables
    )
    return Table(word.row("table rows bytes key findings"), rows)


def _count(table: TableProfile) -> int:
    """How many kinds of finding a table has."""
    orphans = sum(1 for each in table.orphans if each.count)
    return sum(len(column.troubles) for column in table.columns) + orphans + len(table.duplicates)


def _columns(table: TableProfile, word: Words) -> Table:
    rows = tuple(
        (
            column.name,
            column.type,
            word(f"class_{column.classification}"),
            column.nulls,
            "-" if column.distinct is None else column.distinct,
            _range(column),
            word(f"looks_{column.looks_like}") if column.looks_like else "",
            ", ".join(f"{word(f'trouble_{each.kind}')}: {each.count:,}" for each in column.troubles),
        )
        for column in table.columns
    )
    return Table(word.row("column type class nulls distinct range looks findings"), rows)


def _range(column: ColumnProfile) -> str:
    if column.longest is not None:
        return f"{column.shortest}…{column.longest}"
    if column.classification is not Classification.PUBLIC:
        return MASK
    return f"{column.smallest} … {column.largest}" if column.smallest is not None else ""


def _relations(table: TableProfile, word: Words) -> list[Block]:
    orphans = tuple(
        (
            ", ".join(each.columns),
            f"{each.parent} ({', '.join(each.referenced)})",
            word("declared" if each.declared else "suspected"),
            each.count,
        )
        for each in table.orphans
    )
    doubled = tuple((", ".join(each.columns), each.groups, each.rows) for each in table.duplicates)
    found: list[Block] = [Table(word.row("columns parent declared orphans"), orphans)] if orphans else []
    return found + ([Table(word.row("columns groups rows"), doubled)] if doubled else [])
