"""What is said in the channel, as pure builders: facts in, a ``Message`` out.

Every text is in the catalogue ``messages``; every value from outside passes ``escape`` on its way in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from golive.escape import code, line
from golive.reports.blocks import Block, buttons, context, divider, fields, header, paragraphs, section, within_limit
from golive.reports.message import Audience, Message
from golive.texts import catalogue, text

Verdict = Literal["pass", "fail", "inconclusive"]


class StageNews(StrEnum):
    """What can be told of a stage."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    RETURNED = "returned"
    STOPPED = "stopped"
    ROLLED_BACK = "rolled_back"
    QUARANTINED = "quarantined"


class ReleaseNews(StrEnum):
    """How a release can end in an environment."""

    LIVE = "live"
    ROLLED_BACK = "rolled_back"
    RETURNED = "returned"


@dataclass(frozen=True)
class Gate:
    """A step of an approval line that asks. ``kind`` is review, agree or decide."""

    stage: str
    attempt: int
    kind: str


@dataclass(frozen=True)
class Finding:
    """One row of a summary: what was looked at, what came out, and why."""

    name: str
    result: Verdict
    detail: str = ""


def release_started(audience: Audience, requester: str, changes: Sequence[str], link: str | None) -> Message:
    """The root of the release's thread in this environment. ``changes`` are lines such as ``CSR-1 title``."""
    told = audience.locale
    names = {"title": audience.title, "environment": audience.environment_title}
    facts = (
        (_say("field_release", told), code(audience.release)),
        (_say("field_version", told), code(audience.version)),
        (_say("field_environment", told), line(audience.environment_title)),
        (_say("field_requester", told), audience.person(requester)),
    )
    listed = [f"•  {line(change)}" for change in changes]
    blocks = (
        header(_say("release_started", told, **names)),
        *fields(facts),
        *paragraphs([f"*{_say('field_changes', told)}*", *listed] if listed else []),
        *buttons(_say("button_run", told), link),
    )
    escaped = {name: line(value) for name, value in names.items()}
    return _message(audience, audience.root, None, _say("release_started", told, **escaped), blocks)


def stage_told(
    audience: Audience, news: StageNews, stage: str, attempt: int, *, detail: str = "", link: str | None = None
) -> Message:
    """A stage's start or end. ``detail`` is why, in a person's or a host's words."""
    headline = _say(f"stage_{news}", audience.locale, stage=_stage(stage, audience.locale), attempt=attempt)
    return _reply(audience, f"stage:{stage}:{attempt}:{news}", headline, detail, link)


def step_failed(
    audience: Audience, stage: str, attempt: int, step: str, target: str, *, detail: str = "", link: str | None = None
) -> Message:
    """A step that did not do its work on ``target``; told once per step and attempt, whichever target is first."""
    told = {"stage": _stage(stage, audience.locale), "step": code(step), "target": code(target)}
    headline = _say("step_failed", audience.locale, **told)
    return _reply(audience, f"step:{stage}:{attempt}:{step}:failed", headline, detail, link)


def check_failed(
    audience: Audience, stage: str, attempt: int, name: str, *, detail: str = "", link: str | None = None
) -> Message:
    """A check that found something wrong; ``detail`` is what it found. Told once per check and attempt."""
    headline = _say("check_failed", audience.locale, stage=_stage(stage, audience.locale), name=code(name))
    return _reply(audience, f"check:{stage}:{attempt}:{name}:failed", headline, detail, link)


def approval_wanted(
    audience: Audience, gate: Gate, assignees: Iterable[str], expires: datetime, plan: str, link: str | None
) -> Message:
    """Who may sign what until when, with the way there. ``plan`` is the digest they would sign."""
    told = audience.locale
    headline = _say("approval_wanted", told, stage=_stage(gate.stage, told), kind=_say(f"kind_{gate.kind}", told))
    facts = (
        (_say("field_signers", told), ", ".join(audience.person(each) for each in assignees)),
        (_say("field_expires", told), audience.when(expires)),
    )
    blocks = (
        section(headline),
        *fields(facts),
        *buttons(_say("button_sign", told), link, primary=True),
        context(f"{_say('field_plan', told)} {code(plan)}"),
    )
    return _message(audience, _key(audience, _of(gate, "wanted")), audience.root, headline, blocks)


def answered(audience: Audience, gate: Gate, person: str, answer: str, reason: str = "") -> Message:
    """A signature: who answered what. ``answer`` is approve, return or stop."""
    told = {
        "stage": _stage(gate.stage, audience.locale),
        "kind": _say(f"kind_{gate.kind}", audience.locale),
        "person": audience.person(person),
    }
    headline = _say(f"answer_{answer}", audience.locale, **told)
    return _reply(audience, _of(gate, f"signed:{person}:{answer}"), headline, reason)


def approval_expired(audience: Audience, gate: Gate) -> Message:
    told = {"stage": _stage(gate.stage, audience.locale), "kind": _say(f"kind_{gate.kind}", audience.locale)}
    return _reply(audience, _of(gate, "expired"), _say("approval_expired", audience.locale, **told))


def release_told(
    audience: Audience, news: ReleaseNews, *, occasion: str = "1", detail: str = "", link: str | None = None
) -> Message:
    """How the release ended here. ``occasion`` tells two such ends apart (a number that only rises)."""
    told = {"title": line(audience.title), "environment": line(audience.environment_title)}
    headline = _say(f"release_{news}", audience.locale, version=code(audience.version), **told)
    return _reply(audience, f"{news}:{occasion}", headline, detail, link)


def incident_opened(
    audience: Audience, incident: str, title: str, priority: str, *, detail: str = "", link: str | None = None
) -> Message:
    """In the channel of incidents, outside the release's thread."""
    told = audience.locale
    headline = _say("incident_opened", told, incident=code(incident), title=line(title))
    facts = (
        (_say("field_priority", told), line(priority)),
        (_say("field_environment", told), line(audience.environment_title)),
        (_say("field_release", told), code(audience.release)),
    )
    why = paragraphs(_quote(detail))
    blocks = (section(headline), *fields(facts), *why, *buttons(_say("button_run", told), link))
    return _message(audience, f"incident:{incident}", None, headline, blocks, channel=audience.incidents)


def incident_closed(audience: Audience, incident: str, title: str, *, detail: str = "") -> Message:
    """In the thread of the incident's first message."""
    headline = _say("incident_closed", audience.locale, incident=code(incident), title=line(title))
    blocks = (section(headline), *paragraphs(_quote(detail)))
    root = f"incident:{incident}"
    return _message(audience, f"{root}:closed", root, headline, blocks, channel=audience.incidents)


def nightly_summary(audience: Audience, day: str, findings: Sequence[Finding], link: str | None = None) -> Message:
    """The night's health of an environment in one message. ``day`` is ``2026-01-31`` in the environment's zone."""
    told = audience.locale
    bad = [finding for finding in findings if finding.result != "pass"]
    names = {"environment": audience.environment_title, "day": day}
    headline = "nightly_bad" if bad else "nightly_good"
    counted = _say("nightly_counts", told, passed=len(findings) - len(bad), total=len(findings))
    ordered = [*bad, *(finding for finding in findings if finding.result == "pass")]
    rows = paragraphs(_row(finding) for finding in ordered)
    ending = buttons(_say("button_run", told), link)
    blocks = (header(_say(headline, told, **names)), section(counted), divider(), *rows, *ending)
    fallback = _say(headline, told, **{name: line(value) for name, value in names.items()})
    return _message(audience, f"nightly:{audience.environment}:{day}", None, fallback, blocks)


def _reply(audience: Audience, name: str, headline: str, detail: str = "", link: str | None = None) -> Message:
    blocks = (section(headline), *paragraphs(_quote(detail)), *buttons(_say("button_run", audience.locale), link))
    return _message(audience, _key(audience, name), audience.root, headline, blocks)


def _message(
    audience: Audience, key: str, thread: str | None, fallback: str, blocks: Sequence[Block], channel: str | None = None
) -> Message:
    more = _say("more", audience.locale)
    return Message(key, channel or audience.channel, thread, fallback, within_limit(blocks, more))


def _key(audience: Audience, name: str) -> str:
    return f"{audience.root}:{name}"


def _of(gate: Gate, what: str) -> str:
    return f"gate:{gate.stage}:{gate.attempt}:{gate.kind}:{what}"


def _row(finding: Finding) -> str:
    mark = {"pass": ":white_check_mark:", "fail": ":x:", "inconclusive": ":warning:"}[finding.result]
    return f"{mark}  {line(finding.name)}" + (f" — {line(finding.detail)}" if finding.detail else "")


def _quote(detail: str) -> list[str]:
    return [f">{line(each)}" for each in detail.splitlines() if line(each)]


def _stage(stage: str, locale: str) -> str:
    """The stage's name in the reader's language; a stage without one shows its id."""
    return catalogue(locale).get(f"messages.stage_name_{stage}", line(stage))


def _say(name: str, locale: str, /, **data: Any) -> str:
    return text(f"messages.{name}", locale, **data)
