"""Change requests and who signed them: read from the signatures of the plan's gate, never from the manifest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from golive.approvals.line import line_for
from golive.approvals.standing import tally
from golive.approvals.values import Answer, Gate, Signature
from golive.canonical import Digest
from golive.ledger.events import Event
from golive.release.manifest import Manifest
from golive.release.people import PLAN, SIDES, Change, Side
from golive.stages.standing import fold_stages
from golive.texts import text


@dataclass(frozen=True)
class SignedChange:
    """A change request, and the signature of each side that counts for it; None where none does."""

    change: Change
    technical: Signature | None = None
    business: Signature | None = None

    @property
    def missing(self) -> tuple[Side, ...]:
        """The sides that have not signed."""
        return tuple(side for side in SIDES if self.of(side) is None)

    def of(self, side: Side) -> Signature | None:
        return self.technical if side == "technical" else self.business


def signed_changes(
    events: Sequence[Event], manifest: Manifest, digest: Digest, environment: str
) -> tuple[SignedChange, ...]:
    """Every change request with its signatures in an environment, for exactly the manifest of ``digest``.

    ``events`` are the release's. Those of the plan stage's latest attempt count, whether it is closed or not.
    """
    signatures = _signatures(events, manifest, digest, environment)
    return tuple(_signed(manifest, change, signatures) for change in manifest.changes)


def unsigned(changes: Sequence[SignedChange], manifest: Manifest, locale: str) -> str:
    """The change requests that lack a signature, whose, and by whom: for a person; empty when none does."""
    return "; ".join(
        text(
            "stages.change_unsigned",
            locale,
            change=item.change.id,
            missing=wanted(manifest, item, item.missing, locale),
        )
        for item in changes
        if item.missing
    )


def wanted(manifest: Manifest, item: SignedChange, sides: Sequence[Side], locale: str) -> str:
    """The sides with who may sign or who has signed: ``technical signature: 박인프라``."""
    return ", ".join(f"{text(f'stages.side_{side}', locale)}: {_who(manifest, item, side, locale)}" for side in sides)


def _who(manifest: Manifest, item: SignedChange, side: Side, locale: str) -> str:
    signature = item.of(side)
    if signature is not None:
        at = f"{signature.at:%Y-%m-%d %H:%M} UTC"
        return text("stages.change_signed", locale, person=_name(manifest, signature.person), at=at)
    return " / ".join(_name(manifest, person) for person in manifest.signers(item.change, side)) or "-"


def _name(manifest: Manifest, person: str) -> str:
    return f"{manifest.people[person].name} ({person})" if person in manifest.people else person


def _signatures(events: Sequence[Event], manifest: Manifest, digest: Digest, environment: str) -> tuple[Signature, ...]:
    standing = fold_stages(events).get((environment, PLAN))
    line = line_for(manifest, PLAN, environment)
    if standing is None or line is None or standing.manifest != digest:
        return ()
    gate = Gate(manifest.release, environment, PLAN, standing.attempt, standing.manifest, standing.plan)
    return tuple(item for item in tally(events, gate, line).signatures if item.answer is Answer.APPROVE)


def _signed(manifest: Manifest, change: Change, signatures: Sequence[Signature]) -> SignedChange:
    """Two people's signatures where there are two: one person's never count for both sides."""
    sides = {side: [s for s in signatures if s.person in manifest.signers(change, side)] for side in SIDES}
    pairs = _pairs(sides["technical"], sides["business"])
    one = SignedChange(change, technical=next(iter(sides["technical"]), None))
    if one.technical is None:
        one = SignedChange(change, business=next(iter(sides["business"]), None))
    return next((SignedChange(change, technical, business) for technical, business in pairs), one)


def _pairs(technical: Sequence[Signature], business: Sequence[Signature]) -> Iterator[tuple[Signature, Signature]]:
    return ((first, second) for first in technical for second in business if first.person != second.person)
