"""Twelve weeks in seconds: hypercare as it would be recorded under a scenario, with its own clock and no ledger.

What runs is what runs in earnest: the same decisions, over a journal in memory. Only the sources and the people are
made up.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from golive.hypercare import decisions
from golive.hypercare.care import Care
from golive.hypercare.errors import NotReady
from golive.hypercare.exit import SIDES, ExitStanding, Missing, Side, last_day, roles
from golive.hypercare.hours import boundaries
from golive.hypercare.incident import STEPS
from golive.hypercare.journal import Memory
from golive.hypercare.plan import CarePlan
from golive.hypercare.scenario import Scenario
from golive.hypercare.state import INCIDENT_KEY
from golive.hypercare.values import Reading
from golive.hypercare.world import BEFORE, CAPACITY, SOURCE, World
from golive.ledger.events import Event

EXTENSION = timedelta(days=14)
_DAY = timedelta(days=1)
Action = Callable[[datetime], None]


@dataclass(frozen=True)
class Simulated:
    """What was recorded, how it ended (``handed_over``, ``open`` when more than one extension is needed) and how the
    exit stood each time that it was asked."""

    events: Sequence[Event]
    outcome: str
    exits: tuple[ExitStanding, ...]
    looks: int


@dataclass
class Play:
    """The stage: actions in the order of true time; the journal's clock shows true time plus what it jumped by."""

    world: World
    care: Care
    journal: Memory
    offset: timedelta = timedelta()
    exits: list[ExitStanding] = field(default_factory=list)
    _queue: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def at(self, moment: datetime, action: Action) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), action))

    def run(self) -> None:
        while self._queue:
            moment, _, action = heapq.heappop(self._queue)
            self.journal.clock = moment + self.offset
            action(moment)

    @property
    def state_ended(self) -> bool:
        return self.care.state().ended is not None


def simulate(plan: CarePlan, scenario: Scenario) -> Simulated:
    """Plays a scenario from go-live to the hand-over, or to the end of one extension.

    Raises ``NotReady`` when a role of the plan is held by nobody.
    """
    wanted = (*roles(plan).values(), plan.ladder[0].role)
    if nobody := tuple(Missing("signer", role) for role in wanted if not plan.with_role(role)):
        raise NotReady(missing=nobody)
    world = World(plan, scenario)
    journal = Memory(plan.release, world.go_live)
    play = Play(world, Care(plan, journal), journal)
    _begin(play)
    _schedule(play)
    play.run()
    ended = play.care.state().ended
    looks = sum(event.kind == "kpi.sampled" for event in journal.events)
    return Simulated(journal.events, ended[0] if ended else "open", tuple(play.exits), looks)


def _begin(play: Play) -> None:
    where = {"environment": play.world.plan.environment}
    measured = play.journal.clock.isoformat()
    for name, measure in play.world.plan.measures.items():
        if measure.baseline:
            row = {"kpi": name, "value": BEFORE, "source": SOURCE, "measured": measured}
            play.journal.record("kpi.baseline", {**where, **row})
    play.journal.record("release.live", {**where, "plan": "-"})
    play.care.sample([Reading(name, value, "load_test", play.journal.clock) for name, value in CAPACITY.items()])


def _schedule(play: Play) -> None:
    world, scenario = play.world, play.world.scenario
    end = boundaries(world.plan, world.go_live)[-1]
    for jump in scenario.jump:
        play.at(world.instant(jump.at), _jump(play, timedelta(minutes=jump.minutes)))
    for item in scenario.downtime:
        play.at(world.instant(item.at) - _DAY, _announce(play, item.minutes, item.reason))
    for change in scenario.change:
        play.at(world.instant(change.at), _change(play, change.what))
    for days in range(27, (end - world.go_live).days + 1, 28):
        play.at(world.go_live + days * _DAY, _attest(play))
    play.at(world.go_live, _look(play, end))
    play.at(end, _exit(play))


def _jump(play: Play, by: timedelta) -> Action:
    def act(_moment: datetime) -> None:
        play.offset += by

    return act


def _announce(play: Play, minutes: int, reason: str) -> Action:
    def act(_moment: datetime) -> None:
        starts = play.journal.clock + _DAY
        ends = starts + timedelta(minutes=minutes)
        play.care.say(decisions.plan_downtime(play.world.plan, _giver(play), starts, ends, reason))

    return act


def _change(play: Play, what: str) -> Action:
    def act(_moment: datetime) -> None:
        play.care.say(decisions.change(play.world.plan, _giver(play), what, planned=False))

    return act


def _attest(play: Play) -> Action:
    def act(_moment: datetime) -> None:
        now, person = play.journal.clock, play.world.plan.with_role(play.world.plan.hypercare.receiver)[0]
        for name, value in play.world.answers():
            play.care.say(decisions.attest(play.world.plan, person, name, value, now, SOURCE, ""))

    return act


def _look(play: Play, end: datetime) -> Action:
    """Looks, plays the people's answers to what it opened, and comes again."""

    def act(moment: datetime) -> None:
        if play.state_ended or moment > end:
            return
        if play.world.is_looked_at(moment):
            play.care.sample(play.world.readings(moment, play.journal.clock))
            for event in play.care.tick():
                _react(play, moment, event)
        play.at(moment + timedelta(minutes=play.world.scenario.look_minutes), act)

    return act


def _react(play: Play, moment: datetime, event: Event) -> None:
    if event.kind == "incident.opened":
        name, response = event.data["incident"], play.world.response(moment)
        key = {"key": f"{INCIDENT_KEY}{name}", "channel": SOURCE, "ts": "-"}
        play.at(moment + timedelta(minutes=1), lambda _moment: play.journal.record("message.sent", key))
        for number, step in enumerate((*STEPS[:2], decisions.UPDATED, STEPS[2]), 1):
            play.at(moment + number * response, _step(play, name, step))
    elif event.kind == "incident.closed":
        play.at(moment + _DAY, _explain(play, event.data["incident"], event.data["title"]))


def _step(play: Play, incident: str, step: str) -> Action:
    def act(_moment: datetime) -> None:
        found = play.care.state().incidents[incident]
        if found.is_open:
            play.care.say(decisions.step(play.world.plan, _operator(play), incident, step, SOURCE))

    return act


def _explain(play: Play, incident: str, title: str) -> Action:
    def act(_moment: datetime) -> None:
        if not play.state_ended:
            said = (title, SOURCE, play.care.state().incidents[incident].cause)
            play.care.say(decisions.explain(play.world.plan, _operator(play), incident, *said))

    return act


def _exit(play: Play) -> Action:
    """Asks how the end stands: both sides sign, or it is extended once."""

    def act(moment: datetime) -> None:
        stands = play.care.exit_standing()
        play.exits.append(stands)
        if not stands.missing:
            for side in SIDES:
                play.care.sign(_signer(play, side), side, (), ())
        elif len(play.exits) == 1:
            until = max(last_day(play.world.plan, play.care.state()), play.journal.clock.date()) + EXTENSION
            missing = ", ".join(dict.fromkeys(part.name or part.key for part in stands.missing))
            play.care.say(decisions.extend(play.world.plan, _giver(play), until, missing))
            play.at(moment + timedelta(hours=1), _attest(play))
            play.at(moment + timedelta(minutes=play.world.scenario.look_minutes), _look(play, moment + EXTENSION))
            play.at(moment + EXTENSION, act)

    return act


def _giver(play: Play) -> str:
    return play.world.plan.with_role(play.world.plan.hypercare.giver)[0]


def _operator(play: Play) -> str:
    return play.world.plan.with_role(play.world.plan.ladder[0].role)[0]


def _signer(play: Play, side: Side) -> str:
    return play.world.plan.with_role(roles(play.world.plan)[side])[-1]
