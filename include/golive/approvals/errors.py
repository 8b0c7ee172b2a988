"""Errors of the approvals room.

InputError
└── LineInvalid          the manifest's line cannot be asked in order
RefusedError
├── NobodyCanApprove     too few people are left when those with a part in the release are taken out
├── NotApproved          signatures are missing
├── ApprovalExpired      nobody answered in time, or the approval was used too late
├── GateReturned         sent back to the drafter
└── GateStopped          ended by a no-go
"""

from golive.errors import InputError, RefusedError
from golive.texts import text


class LineInvalid(InputError):
    key = "approvals.line_invalid"


class NobodyCanApprove(RefusedError):
    """Data: ``kind``, ``role``, ``quorum``, ``people`` (who is left)."""

    key = "approvals.nobody_can_approve"

    def message(self, locale: str) -> str:
        kind = text(f"approvals.kind_{self.data['kind']}", locale)
        people = ", ".join(self.data["people"]) or "-"
        return text(self.key, locale, **{**self.data, "kind": kind, "people": people})


class NotApproved(RefusedError):
    """Data: ``environment``, ``stage``, ``attempt``, ``missing`` (a tuple of ``Missing``)."""

    key = "approvals.not_approved"

    def message(self, locale: str) -> str:
        parts = [
            text(
                "approvals.missing",
                locale,
                kind=text(f"approvals.kind_{part.kind.value}", locale),
                role=part.role,
                wanted=part.wanted,
                people=", ".join(part.people) or "-",
            )
            for part in self.data["missing"]
        ]
        return text(self.key, locale, **{**self.data, "missing": "; ".join(parts)})


class ApprovalExpired(RefusedError):
    """Data: ``environment``, ``stage``, ``attempt``, ``until`` (ISO, UTC)."""

    key = "approvals.approval_expired"


class GateReturned(RefusedError):
    """Data: ``environment``, ``stage``, ``attempt``, ``person``, ``reason``."""

    key = "approvals.gate_returned"


class GateStopped(RefusedError):
    """Data: ``environment``, ``stage``, ``attempt``, ``person``, ``reason``."""

    key = "approvals.gate_stopped"
