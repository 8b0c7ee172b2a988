"""Hypercare of one release: its plan over its journal. Everything that the scheduled run and people do goes through
here, and every decision is made inside the journal's ``append``."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from golive.canonical import canonical
from golive.hypercare.decisions import Decision, sample
from golive.hypercare.duties import DueReport, due_reports
from golive.hypercare.exit import ExitStanding, Side, certificate, exit_standing, sign
from golive.hypercare.journal import Journal
from golive.hypercare.plan import CarePlan
from golive.hypercare.report import report_content
from golive.hypercare.state import State, fold
from golive.hypercare.values import Reading
from golive.hypercare.watch import watch
from golive.ledger.events import Event, NewEvent

CONTENT_TYPE = "application/json"
SIGNATURE_HOLDS = timedelta(days=7)
"""How long the second side may sign the certificate that the first one signed."""


class Care:
    """``state()`` is folded on from where it was, since recorded events never change."""

    def __init__(self, plan: CarePlan, journal: Journal) -> None:
        self.plan = plan
        self.journal = journal
        self._state = State(plan.environment)

    def state(self) -> State:
        return self._folded(self.journal.read())

    def say(self, decision: Decision) -> Sequence[Event]:
        """What a person or a source says; raises what the decision raises, and then nothing is recorded."""
        return self.journal.append(lambda events, now: list(decision(self._folded(events), now)))

    def sample(self, readings: Sequence[Reading]) -> Sequence[Event]:
        """Records a look, believed or not."""
        return self.say(sample(self.plan, readings))

    def tick(self) -> Sequence[Event]:
        """Incidents, clocks, the ladder, and then the reports that are due."""
        # Twice: what the first look opened is told to the people on duty by the second, at once.
        told = [event for _ in range(2) for event in self.say(lambda state, now: watch(self.plan, state, now))]
        for due in due_reports(self.plan, self.state(), self.journal.now()):
            told += self._report(due)
        return told

    def exit_standing(self) -> ExitStanding:
        return exit_standing(self.plan, self.state(), self.journal.now())

    def sign(self, person: str, side: Side, documents: Sequence[str], accounts: Sequence[str]) -> Sequence[Event]:
        """A signature under the certificate that the other side signed lately, else under one made now.

        Raises as ``exit.sign``.
        """
        document = self._signed_by_other(side) or certificate(
            self.plan, self.state(), self.journal.now(), documents, accounts
        )
        self.journal.store(canonical(document), CONTENT_TYPE)
        return self.say(sign(self.plan, person, side, document))

    def _signed_by_other(self, side: Side) -> dict[str, Any] | None:
        found = [item for item in self.state().signatures if item.side != side]
        if not found or self.journal.now() - found[-1].at > SIGNATURE_HOLDS:
            return None
        document: dict[str, Any] = json.loads(self.journal.fetch(found[-1].certificate))
        return document

    def _report(self, due: DueReport) -> Sequence[Event]:
        made = report_content(self.plan, self.state(), due, self.journal.now())
        counted = Counter(row["result"] for row in made["measures"])
        figures = {name: counted[name] for name in ("met", "missed", "unknown")}
        content = self.journal.store(canonical(made), CONTENT_TYPE)
        data = {
            "environment": self.plan.environment,
            "report": due.report,
            "since": due.since.isoformat(),
            "due": due.due.isoformat(),
            "recipients": list(due.recipients),
            "missed": due.missed,
            "content": content,
            "summary": {**figures, "open": len(self.state().open_incidents), "silent_days": made["silent_days"]},
        }

        def once(state: State, now: datetime) -> list[NewEvent]:
            return [NewEvent("report.made", data)] if due in due_reports(self.plan, state, now) else []

        return self.say(once)

    def _folded(self, events: Sequence[Event]) -> State:
        self._state = fold(events, self.plan.environment, self._state)
        return self._state
