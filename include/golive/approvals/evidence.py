"""The body of a question: what an approver sees, as Markdown. It is the evidence, so it is built from values alone.

Each section has its own share of the whole, and shows what is worst first; so nothing that is cut off is worse than
what is shown, and what is cut off is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from golive.approvals.values import Gate, Kind, Signature
from golive.escape import markdown
from golive.release.people import PLAN, Change
from golive.release.plan import Plan, PlannedStep
from golive.texts import text

BODY_BYTES = 20_000
_SECTION_BYTES = 2_500
_RISKS = ("high", "medium", "low")
_RESULTS = ("fail", "inconclusive", "pass")


class Fact(Protocol):
    """What was measured; a check's ``Verdict`` is one. ``result``: pass, fail or inconclusive."""

    @property
    def name(self) -> str: ...
    @property
    def result(self) -> str: ...
    @property
    def detail(self) -> str: ...


@dataclass(frozen=True)
class Dossier:
    """All that a body is made of.

    ``released`` is the plan that went live last in this environment, None before the first. ``names`` gives people's
    names by id, ``signers`` who may sign each change request, by its id: technical,
    then business. ``rollback_minutes``: within how long a rollback must be decided, None when the manifest names none.
    """

    gate: Gate
    kind: Kind
    role: str
    title: str
    plan: Plan
    released: Plan | None
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]
    signers: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    signatures: tuple[Signature, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    rollback_minutes: int | None = None


def body(dossier: Dossier, locale: str) -> str:
    """The Markdown body, at most ``BODY_BYTES`` of UTF-8, in ``locale`` (``ko`` or ``en``)."""
    sections = (_heading, _changes, _steps, _difference, _facts, _signed, _rollback, _digests)
    return "\n\n".join(section(dossier, locale) for section in sections) + "\n"


def _heading(dossier: Dossier, locale: str) -> str:
    gate = dossier.gate
    return text(
        "approvals.body_heading",
        locale,
        title=markdown(dossier.title),
        release=markdown(gate.release, 80),
        environment=markdown(gate.environment, 80),
        stage=markdown(gate.stage, 80),
        attempt=gate.attempt,
        kind=text(f"approvals.kind_{dossier.kind.value}", locale),
        role=markdown(dossier.role, 80),
    )


def _changes(dossier: Dossier, locale: str) -> str:
    """The change requests and the risk, the riskiest first."""
    changes = sorted(dossier.changes, key=lambda change: _rank(_RISKS, change.risk))
    risk = _word("risk", _RISKS, changes[0].risk, locale) if changes else "-"
    lines = (
        f"- **{markdown(change.id, 60)}** {markdown(change.title)}: "
        + text("approvals.body_risk", locale, risk=_word("risk", _RISKS, change.risk, locale))
        + f", {_name(dossier, change.owner)}"
        + f", {markdown(change.test_report, 60)}"
        + _signers(dossier, change, locale)
        for change in changes
    )
    return _section(text("approvals.body_changes", locale, count=len(changes), risk=risk), lines, locale)


def _signers(dossier: Dossier, change: Change, locale: str) -> str:
    """Who may sign a change request; said where signing is what is asked."""
    if dossier.gate.stage != PLAN or change.id not in dossier.signers:
        return ""
    technical, business = (
        " / ".join(_name(dossier, person) for person in people) or "-" for people in dossier.signers[change.id]
    )
    return ", " + text("approvals.body_signers", locale, technical=technical, business=business)


def _concerned(dossier: Dossier, plan: Plan) -> list[PlannedStep]:
    """The steps that are asked about: those of the gate's stage, and at the plan's gate all of them."""
    return list(plan.steps if dossier.gate.stage == PLAN else plan.of(dossier.gate.stage))


def _steps(dossier: Dossier, locale: str) -> str:
    """What the stage will change; what cannot be undone first, the same on many targets in one line."""
    effects = [step for step in _concerned(dossier, dossier.plan) if step.effect]
    lines = (
        f"- {_irreversible(steps[0], locale)}{markdown(steps[0].step, 60)}: {markdown(steps[0].changes)} ({_on(steps)})"
        for steps in sorted(_alike(effects), key=lambda steps: steps[0].reversible)
    )
    return _section(text("approvals.body_steps", locale, count=len(effects)), lines, locale)


def _difference(dossier: Dossier, locale: str) -> str:
    if dossier.released is None:
        return _section(text("approvals.body_difference", locale), (text("approvals.body_first", locale),), locale)
    before = {step.key: step for step in _concerned(dossier, dossier.released)}
    after = {step.key: step for step in _concerned(dossier, dossier.plan)}
    rows = [("removed", before[key]) for key in before if key not in after]
    rows += [("changed", after[key]) for key in after if key in before and before[key] != after[key]]
    rows += [("added", after[key]) for key in after if key not in before]
    lines = (
        f"- {text(f'approvals.body_{how}', locale)} {markdown(step.key)}: {markdown(step.changes)}"
        for how, step in rows
    )
    return _section(text("approvals.body_difference", locale), lines, locale)


def _facts(dossier: Dossier, locale: str) -> str:
    facts = sorted(dossier.facts, key=lambda fact: _rank(_RESULTS, fact.result))
    passed = sum(fact.result == "pass" for fact in facts)
    lines = (
        f"- **{_word('result', _RESULTS, fact.result, locale)}** {markdown(fact.name, 80)}: {markdown(fact.detail)}"
        for fact in facts
    )
    return _section(text("approvals.body_facts", locale, passed=passed, count=len(facts)), lines, locale)


def _signed(dossier: Dossier, locale: str) -> str:
    lines = (
        f"- {text(f'approvals.kind_{item.kind.value}', locale)}: {_name(dossier, item.person)}, "
        + text(f"approvals.answer_{item.answer.value}", locale)
        + f", {item.at:%Y-%m-%d %H:%M} UTC"
        + (f": {markdown(item.reason)}" if item.reason else "")
        for item in dossier.signatures
    )
    return _section(text("approvals.body_signed", locale, count=len(dossier.signatures)), lines, locale)


def _rollback(dossier: Dossier, locale: str) -> str:
    """What a rollback would do, newest first, after what it could not do."""
    effects = [step for step in _concerned(dossier, dossier.plan) if step.effect]
    lost = [steps for steps in _alike(effects) if not steps[0].reversible]
    undone = [steps for steps in reversed(_alike(effects)) if steps[0].reversible]
    lines = [f"- {_irreversible(steps[0], locale)}{markdown(steps[0].step, 60)} ({_on(steps)})" for steps in lost]
    lines += [f"- {markdown(steps[0].compensation or steps[0].step)} ({_on(steps)})" for steps in undone]
    minutes = dossier.rollback_minutes
    key = "approvals.body_rollback" if minutes is None else "approvals.body_rollback_within"
    return _section(text(key, locale, minutes=minutes), lines, locale)


def _digests(dossier: Dossier, locale: str) -> str:
    gate = dossier.gate
    return text("approvals.body_digests", locale, manifest=gate.manifest_digest, plan=gate.plan_digest)


def _section(heading: str, lines: Iterable[str], locale: str) -> str:
    """A heading and as many lines as its share allows, then how many more there are."""
    shown: list[str] = []
    room, more = _SECTION_BYTES, 0
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            more += 1
        else:
            shown.append(line)
    if more:
        shown.append(text("approvals.body_more", locale, count=more))
    return "\n".join((heading, "", *(shown or [text("approvals.body_none", locale)])))


def _alike(steps: Sequence[PlannedStep]) -> list[list[PlannedStep]]:
    """Steps that differ only in their target, together, in the order of the first."""
    groups: dict[tuple[str, str | None, str, str | None, bool], list[PlannedStep]] = {}
    for step in steps:
        key = (step.step, step.component, step.changes, step.compensation, step.reversible)
        groups.setdefault(key, []).append(step)
    return list(groups.values())


def _on(steps: Sequence[PlannedStep]) -> str:
    shown = ", ".join(markdown(step.target, 60) for step in steps[:3])
    return shown if len(steps) <= 3 else f"{shown}, +{len(steps) - 3}"


def _irreversible(step: PlannedStep, locale: str) -> str:
    return "" if step.reversible else f"**{text('approvals.body_irreversible', locale)}** "


def _name(dossier: Dossier, person: str) -> str:
    name = dossier.names.get(person)
    return f"{markdown(name, 60)} ({markdown(person, 60)})" if name else markdown(person, 60)


def _rank(order: Sequence[str], word: str) -> int:
    return order.index(word) if word in order else -1


def _word(area: str, known: Sequence[str], word: str, locale: str) -> str:
    return text(f"approvals.{area}_{word}", locale) if word in known else markdown(word, 60)
