"""The proof of a migration: rows, objects, accounting, in one snapshot of the source; reports for the evidence, raw
rows for the private file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golive.migration.accounting import Accounting, RejectedRow, account
from golive.migration.private_rows import PrivateRows, Sink
from golive.migration.report.document import Document
from golive.migration.report.verification import Loaded, verification_report
from golive.migration.settings import Migration
from golive.migration.verdict import Verification
from golive.migration.verify import RawDifference, verify
from golive.texts import LOCALES


@dataclass(frozen=True)
class Proof:
    """``raw`` is the private file with the rows that differ or were left behind, None when there are none."""

    migration: str
    verification: Verification
    accounting: Accounting
    raw: Path | None = None
    loaded: tuple[Loaded, ...] = ()

    def document(self, locale: str) -> Document:
        """The report in one language, for Markdown or HTML."""
        return verification_report(
            self.migration, self.verification, locale, accounting=self.accounting, loaded=self.loaded
        )

    def files(self) -> dict[str, bytes]:
        """The reports in every language and form, by name; nothing in them is anybody's value."""
        documents = {locale: self.document(locale) for locale in LOCALES}
        pages = {f"verification.{locale}.html": document.html() for locale, document in documents.items()}
        texts = {f"verification.{locale}.md": document.markdown() for locale, document in documents.items()}
        return {name: text.encode() for name, text in {**pages, **texts}.items()}


def prove(
    migration: Migration, private: PrivateRows, snapshot: str | None = None, *, loaded: tuple[Loaded, ...] = ()
) -> Proof:
    """Verifies every row and counts what the mapping did, both in ``snapshot``, or as the source is now.

    Raises ``ServerUnreachable``, ``ServerFailed``, ``NotPrivate``; a difference is in the proof, not an error.
    """
    with private.keep(migration.name) as sink:
        found = verify(migration, snapshot, keep=lambda row: _keep_difference(sink, row))
        counted = account(migration, snapshot, keep=lambda row: _keep_rejected(sink, row))
    return Proof(migration.name, found, counted, sink.path if sink.rows else None, loaded)


def inspector(
    migration: Migration, private: PrivateRows, show: Callable[[Proof], None], *, loaded: tuple[Loaded, ...] = ()
) -> Callable[[str], None]:
    """``prove`` as a pass calls it with its snapshot: ``show`` is given the proof, and then a difference raises
    ``RowsDiffer`` or ``TargetFlawed``."""

    def inspect(snapshot: str) -> None:
        proof = prove(migration, private, snapshot, loaded=loaded)
        show(proof)
        proof.verification.require_equal()

    return inspect


def _keep_difference(sink: Sink, row: RawDifference) -> None:
    sink.keep({"flow": row.flow, "columns": row.columns, "source": row.source, "target": row.target})


def _keep_rejected(sink: Sink, row: RejectedRow) -> None:
    sink.keep({"flow": row.flow, "rejected by": row.rule, "row": row.row})
