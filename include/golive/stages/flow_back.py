"""After go-live: what the new database takes flows back into the old one, until the time for going back is over."""

from dataclasses import replace
from datetime import timedelta

from golive.errors import GoliveError
from golive.ledger.events import Event, NewEvent, environment_stream
from golive.migration.capture import end_capture
from golive.migration.flowback import Backlog, backlog, end_flow_back, flow_back_pass
from golive.migration.handover import is_flowing_back
from golive.stages.escalation import follow
from golive.stages.health import subject_of
from golive.stages.live import serving
from golive.stages.migration_worker import fence_at_least
from golive.stages.moving import Move, move_of
from golive.stages.runtime import Runtime
from golive.stages.subject import scope_of
from golive.texts import text

LIMIT_BYTES = 2 * 1024**3
"""What waits may take on the new database's disk before somebody is called: long before it is full."""
LIMIT_SECONDS = 2 * 3600.0
ENDED = "flow_back.ended"
INCIDENT = "flow_back"


def keep_flowing(runtime: Runtime) -> str:
    """One pass back for what serves in the run's environment, if its time is not over; what was found, for the log.

    An incident is opened where more waits than may, or where it could not be done, and closed when all is well.
    """
    live = serving(runtime.ledger, runtime.run.environment)
    if live is None:
        return "-"
    subject = subject_of(runtime.ledger, runtime.run.environment)
    here = replace(runtime, run=replace(runtime.run, release=subject.manifest.release))
    if subject.manifest.migration.data is None:
        return "-"
    move = move_of(scope_of(here, subject))
    if move is None or not is_flowing_back(move.reverse):
        return "-"
    title = text("stages.incident_flow_back", subject.manifest.locale, environment=runtime.run.environment)
    try:
        found = _flow(here, live, move)
    except GoliveError as error:
        follow(runtime.ledger, runtime.run.environment, INCIDENT, str(error), title)
        raise
    follow(runtime.ledger, runtime.run.environment, INCIDENT, found if found.startswith("!") else "", title)
    return found.removeprefix("!")


def _flow(runtime: Runtime, live: Event, move: Move) -> str:
    until = live.at + timedelta(hours=move.data.flow_back_hours)
    if runtime.ledger.now() >= until:
        return _end(runtime, move, live)
    reverse = replace(move.reverse, token=fence_at_least(move.reverse.target, 0))
    report = flow_back_pass(reverse)
    waits = backlog(reverse, LIMIT_BYTES, LIMIT_SECONDS)
    return f"{'!' if waits.over else ''}{report.rows} rows flowed back; {_said(waits)}"


def _said(waits: Backlog) -> str:
    return f"{waits.changes} changes wait, {waits.bytes // 1024} kB, {round(waits.lag)} s, over: {waits.over or '-'}"


def _end(runtime: Runtime, move: Move, live: Event) -> str:
    """From here on a rollback would lose what was written since: the ledger says so, once."""
    end_flow_back(move.reverse, signed_by=f"golive: {move.data.flow_back_hours} h after {live.at.isoformat()}")
    end_capture(move.forward, keep_freeze=True)
    data = {"environment": runtime.run.environment, "release": runtime.run.release, "live": live.sequence}
    stream = environment_stream(runtime.run.environment)
    runtime.ledger.append(
        stream,
        lambda events, _now: [] if any(e.kind == ENDED and e.data == data for e in events) else [NewEvent(ENDED, data)],
    )
    return "the time for going back is over"
