"""A document as values, rendered as Markdown or as one HTML page. Every text in it is taken for hostile."""

import html
import re
import unicodedata
from dataclasses import dataclass

_MARKS = re.compile(r"([\\`*_{}\[\]<>|#!~&$])")
_STYLE = """
body{font-family:"Noto Sans KR",sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}th,td{border:1px solid #ccc;padding:.3rem .6rem;
text-align:left;vertical-align:top}th{background:#f3f3f3}td.n{text-align:right;font-variant-numeric:tabular-nums}
"""


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Table:
    """Numbers among the cells are shown with separators and to the right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


Block = Heading | Paragraph | Table


@dataclass(frozen=True)
class Document:
    """``locale`` is ``ko`` or ``en``."""

    title: str
    locale: str
    blocks: tuple[Block, ...]

    def markdown(self) -> str:
        parts = [f"# {_escaped(self.title)}", *(_markdown(block) for block in self.blocks)]
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """One page that asks the network for nothing."""
        title = html.escape(visible(self.title))
        body = "\n".join(_html(block) for block in self.blocks)
        return (
            f'<!doctype html>\n<html lang="{self.locale}"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body>\n<h1>{title}</h1>\n{body}\n</body></html>\n"
        )


def visible(text: str) -> str:
    """Without what steers a terminal or turns writing round: such letters are shown by their number."""
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)


def _cell(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else visible(cell)


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", visible(text))


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_escaped(text)}"
        case Paragraph(text):
            return _escaped(text)
        case Table(headers, rows):
            lines = [headers, ("---",) * len(headers)]
            head = [f"| {' | '.join(_escaped(cell) if row is headers else cell for cell in row)} |" for row in lines]
            return "\n".join(head + [f"| {' | '.join(_escaped(_cell(cell)) for cell in row)} |" for row in rows])


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{html.escape(visible(text))}</h{level}>"
        case Paragraph(text):
            return f"<p>{html.escape(visible(text))}</p>"
        case Table(headers, rows):
            head = "".join(f"<th>{html.escape(visible(text))}</th>" for text in headers)
            body = "\n".join(f"<tr>{''.join(_html_cell(cell) for cell in row)}</tr>" for row in rows)
            return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _html_cell(cell: str | int) -> str:
    number = ' class="n"' if isinstance(cell, int) else ""
    return f"<td{number}>{html.escape(_cell(cell))}</td>"
