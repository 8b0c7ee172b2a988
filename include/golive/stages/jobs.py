"""A piece of work under its operation id, and what came of it."""

from dataclasses import dataclass

from golive.stages.work import Work


@dataclass(frozen=True)
class Job:
    """One piece of work under its operation id. ``place`` is the target whose fence guards it: the host it runs on.

    ``undoes`` is the operation that a compensation takes back.
    """

    operation: str
    token: int
    target: str
    place: str
    work: Work
    undoes: str | None = None

    @property
    def host(self) -> str:
        return self.place.removeprefix("host:")


@dataclass(frozen=True)
class Done:
    """What came of a job.

    ``outcome``: done, failed (asking again says the same), unknown (ask again), or refused (somebody else took over,
    and what became of the effect is theirs to say).
    """

    outcome: str
    detail: str = ""
    exit_status: int | None = None
