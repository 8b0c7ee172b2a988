"""The new database takes over; the old one stays closed and is kept up to date, so that going back loses nothing."""

from golive.migration.capture.tables import captured
from golive.migration.errors import Irreversible
from golive.migration.final import FinalReport, final_sync
from golive.migration.flowback import begin_flow_back, come_back
from golive.migration.freeze import thaw
from golive.migration.holds import validate
from golive.migration.passes import is_handed_over
from golive.migration.sequences import set_sequences
from golive.migration.settings import Migration
from golive.migration.statements import Session
from golive.migration.verify import Keep, unit_verifier


def hand_over(forward: Migration, reverse: Migration, budget_seconds: float, keep: Keep | None = None) -> FinalReport:
    """Freezes the old database, brings the last changes over, looks at them, and hands over: from the first write on
    the new database, each is known for the way back. Raises as ``final_sync``; writes are given back then."""

    def ready(_source: Session, _target: Session) -> None:
        set_sequences(forward)
        begin_flow_back(reverse)

    report = final_sync(forward, budget_seconds, unit_verifier(forward, keep=keep), ready)
    with forward.target.session("handover") as session:
        validate(session, forward)
    return report


def take_back(forward: Migration, reverse: Migration, budget_seconds: float, keep: Keep | None = None) -> FinalReport:
    """The old database serves again, with every write that the new one took. Raises as ``come_back``."""

    def ready(_source: Session, _target: Session) -> None:
        set_sequences(reverse)

    return come_back(forward, reverse, budget_seconds, unit_verifier(reverse, keep=keep), ready)


def is_flowing_back(reverse: Migration) -> bool:
    """Whether writes on the new database are known, so that none would be lost by going back."""
    with reverse.source.session("handover") as session:
        return bool(captured(session, reverse.name))


def give_back(forward: Migration) -> None:
    """The old database takes writes again, where the new one never took any.

    Raises ``Irreversible`` when it was handed over: what was written since would be lost.
    """
    with forward.target.session("handover") as session:
        begun = session.execute("SELECT to_regclass('golive_migration.pass')").fetchone() != (None,)
        if begun and is_handed_over(session, forward):
            raise Irreversible(columns=f"{forward.target} (handed over, and its changes are not kept any more)")
    thaw(forward)
