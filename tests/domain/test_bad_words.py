"""Hostile words in every text of a manifest and of an environment: refused with their line, or shown as only text."""

import json
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from golive.approvals.evidence import Dossier, body
from golive.approvals.values import Gate
from golive.approvals.values import Kind as GateKind
from golive.canonical import digest
from golive.checks.values import Result, Verdict
from golive.release.errors import dotted
from golive.release.manifest import Manifest
from golive.release.plan import Plan
from golive.release.plan_text import plan_text
from golive.reports.messages import release_started, step_failed
from golive.stages.telling import audience_of
from golive.texts import LOCALES
from golive_stack.slack_preview.kit import problems as block_kit_problems
from tests.domain.bad_words import HOSTILE, TAKEN, carried, kinds, places, plan_of, planted, problems_of, text_fields
from tests.domain.reports.test_messages import mrkdwn


@pytest.mark.parametrize("name", ["manifest", "environment"])
def test_the_walk_reaches_every_text(name: str) -> None:
    """The example has a value in each field that holds texts, so that none is left out of what follows."""
    kind = kinds()[name]
    left_out = set(text_fields(kind.model)) - {place.name for place in places(kind.model, kind.data)}
    assert not left_out, "give these a value in the example or in bad_words.kinds()"


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["manifest", "environment"])
def test_what_is_refused_is_refused_at_its_line(name: str, word: str) -> None:
    """All hostile places of a file are told at once, each with file, line and column, in a message that is safe to
    print in both languages."""
    kind = kinds()[name]
    values = [place for place in places(kind.model, kind.data) if not place.key]
    changed = planted(kind.data, values, word)
    lines = json.dumps(changed, indent=1, ensure_ascii=True).splitlines()
    found = problems_of(kind, changed)
    assert found
    for problem in found:
        assert problem.file
        assert problem.column > 0
        assert 0 < problem.line <= len(lines)
        assert all(problem.message(locale).isprintable() for locale in LOCALES)
    at = {dotted(place.path): place for place in values}
    for problem in found:
        if problem.path in at:
            assert json.dumps(word)[:20] in lines[problem.line - 1]


@pytest.mark.parametrize("name", ["manifest", "environment"])
@pytest.mark.parametrize("turn", range(4))
def test_no_key_takes_hostile_words(name: str, turn: int) -> None:
    """A key is a name: whatever is none is refused where it stands. Each key has its turn with other words."""
    kind = kinds()[name]
    words = [word for word in HOSTILE.values() if word not in ("no", "") and not word.startswith("aaa")]
    keys = [place for place in places(kind.model, kind.data) if place.key]
    changed = kind.data
    for number, place in enumerate(sorted(keys, key=lambda place: -len(place.path))):
        changed = planted(changed, [place], words[(turn * len(keys) + number) % len(words)])
    assert len({problem.line for problem in problems_of(kind, changed)}) >= len(keys)


@pytest.mark.parametrize("word", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_taken_is_shown_as_text(word: str, locale: str) -> None:
    """In the plan, in the question at the gate, and in the channel: no tag, no link, no call, no template, no line."""
    manifest, environment = carried(word)
    plan = plan_of(manifest, environment)
    assert plan_text(plan, locale).replace("\n", "").isprintable()
    asked = _asked(manifest, plan, word, locale)
    assert not {"{{", "{%", "{#"} & {asked[at : at + 2] for at in range(len(asked))}
    shown = MarkdownIt("commonmark", {"html": True}).render(asked)
    assert not [tag for tag in ("<script", "<a ", "<img", "<!") if tag in shown]
    audience = replace(audience_of(manifest, environment), locale=locale)
    changes = [f"{change.id} {change.title}" for change in manifest.changes]
    for message in (
        release_started(audience, manifest.drafter, changes, "https://example.com/"),
        step_failed(audience, "install", 1, "unpack", word, detail=word),
    ):
        assert block_kit_problems(json.loads(json.dumps(message.blocks))) == ()
        assert not [said for said in (message.text, *mrkdwn(message.blocks)) if "<" in said]


def _asked(manifest: Manifest, plan: Plan, word: str, locale: str) -> str:
    names = {person: entry.name for person, entry in manifest.people.items()}
    gate = Gate(manifest.release, "production", "install", 1, digest(manifest.as_data()), plan.digest)
    fact = Verdict("verify/artifact:api", Result.FAIL, word)
    title = getattr(manifest.title, locale)
    return body(
        Dossier(gate, GateKind.DECIDE, "quality", title, plan, None, (fact,), manifest.changes, names=names), locale
    )
