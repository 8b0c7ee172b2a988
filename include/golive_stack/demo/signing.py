"""The demo signs as its people, each signature said aloud; with ``--manual`` whoever watches signs instead."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from golive.texts import text
from golive_stack.demo.airflow_api import ENDED, AirflowApi, Asked
from golive_stack.errors import DemoTooSlow
from golive_stack.info import Info

Say = Callable[[str], None]
PAUSE = 0.5
REQUESTER = "kim.release"


@dataclass
class Signatory:
    """Watches a run and, unless ``manual``, answers its open questions as the first person that each names.

    ``before_signing`` is called with the stage before its first signature: where the demo breaks something.
    """

    info: Info
    say: Say
    locale: str
    manual: bool = False
    before_signing: Callable[[str], None] = lambda stage: None
    _apis: dict[str, AirflowApi] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def watch(self, dag: str, run: str, seconds: float) -> str:
        """Follows a run to its end, said as it goes; its last state. Raises ``DemoTooSlow``."""
        deadline = time.monotonic() + seconds
        told: dict[str, str] = {}
        while (state := self.api(REQUESTER).state(dag, run)) not in ENDED:
            if time.monotonic() > deadline:
                raise DemoTooSlow(run=run, seconds=round(seconds))
            self._tell(dag, run, told)
            for asked in self.api(REQUESTER).questions():
                self._meet(asked)
            time.sleep(PAUSE)
        self._tell(dag, run, told)
        return state

    def api(self, person: str) -> AirflowApi:
        """One signed-in session per person."""
        if person not in self._apis:
            self._apis[person] = AirflowApi(self.info, person)
        return self._apis[person]

    def close(self) -> None:
        for api in self._apis.values():
            api.__exit__(None, None, None)

    def _tell(self, dag: str, run: str, told: dict[str, str]) -> None:
        for task, state in self.api(REQUESTER).tasks(dag, run).items():
            if state not in ("None", told.get(task)):
                told[task] = state
                self.say(f"{dag}.{task}: {state}")

    def _meet(self, asked: Asked) -> None:
        place = (asked.run, asked.task)
        if self.manual:
            if place not in self._seen:
                self.say(
                    text(
                        "stack.demo_waits",
                        self.locale,
                        stage=asked.dag,
                        task=asked.task,
                        people=", ".join(asked.people),
                    )
                )
        elif asked.people:
            if (asked.run, "") not in self._seen:
                self.before_signing(asked.run)
                self._seen.add((asked.run, ""))
            person = asked.people[0]
            self.api(person).answer(asked, asked.options[0])
            self.say(text("stack.demo_signs", self.locale, stage=asked.dag, task=asked.task, person=person))
        self._seen.add(place)
