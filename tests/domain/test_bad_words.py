"""Hostile words in every text of a manifest and of an environment: refused with their line, or carried as only text.

The fields are found by walking the models, so a new one is hostile ground from its first day.
"""

import asyncio
import io
import json
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from markdown_it import MarkdownIt
from pydantic import BaseModel
from ruamel.yaml import YAML

from golive.approvals.evidence import Dossier, body
from golive.approvals.values import Gate
from golive.approvals.values import Kind as GateKind
from golive.canonical import digest, digest_bytes
from golive.checks.values import Result, Verdict
from golive.hosts import operation
from golive.hosts.recording import RecordingHost
from golive.hosts.values import Command
from golive.ledger import Ledger
from golive.release.environment import Environment, environment_from_data, parse_environment
from golive.release.errors import ManifestInvalid, Problem, dotted
from golive.release.fit import check_fit
from golive.release.manifest import Manifest, manifest_from_data, parse_manifest
from golive.release.plan import Plan
from golive.release.plan_text import plan_text
from golive.reports.messages import release_started, step_failed
from golive.secret import Secret
from golive.stages.catalogue import STAGES
from golive.stages.database_worker import connected, deprovision, provision
from golive.stages.definition import Scope
from golive.stages.planning import make_plan
from golive.stages.runtime import Connection
from golive.stages.service import launch_script
from golive.stages.subject import load_subject
from golive.stages.submission import submit_environment, submit_release
from golive.stages.telling import audience_of
from golive.stages.work import DeprovisionWork, HostWork, ProvisionWork, RestoreWork, ServiceWork, Work
from golive.texts import LOCALES
from golive_stack.slack_preview.kit import problems as block_kit_problems
from tests.domain.conftest import Postgres
from tests.domain.release.example import ENVIRONMENT, MANIFEST
from tests.domain.reports.test_messages import mrkdwn
from tests.domain.stages.history import PLACEMENT

TEMPLATE = """title = @environment_title@
url = @database_host@:@database_port@/@database_name@
login = @database_user@ @database_password@
"""
TREE = f"{'0' * 64}  bin/serve\n"
MARK = "touched"

HOSTILE = {
    "a command after": f"; touch {MARK}",
    "a substitution": f"$(touch {MARK})",
    "backticks": f"`touch {MARK}`",
    "a pipe": f"a | touch {MARK} && touch {MARK} & touch {MARK}",
    "a closed quote": f"'; touch {MARK}; '",
    "a closed double quote": f'"; touch {MARK}; "',
    "an internal field separator": "a${IFS}b",
    "an option": "--help",
    "a glob": "* ? [a-z] ~ {a,b}",
    "a redirection": f"x > {MARK}",
    "a template": "{{ var.value.secret }} {{ 7 * 7 }}",
    "a block of a template": "{% raw %}{% for x in y %}",
    "our own placeholder": "@database_password@ {name} %s %(x)s",
    "SQL": "'; DROP TABLE event; --",
    "a closed identifier": '"; DROP TABLE event; --',
    "COPY's end": "\\.",
    "a tag": "<script>alert(1)</script>",
    "a link that runs": "[press](javascript:alert(1)) <javascript:alert(1)|press>",
    "a call of the channel": "<!channel> <@U123456> <#C123456>",
    "a climb": "../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a line": f"a\ntouch {MARK}",
    "a carriage return": "a\rINFO forged",
    "NUL": "a\0b",
    "an ANSI escape": "\x1b[2J\x1b[31ma",
    "a turned direction": "a\u202egnp.exe",
    "an isolate": "a\u2066b",
    "a line separator": "a\u2028b",
    "half a character": "a\ud800",
    "composed Korean": "\ud55c\uae00",
    "decomposed Korean": "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "a joined emoji": "\U0001f469\u200d\U0001f4bb",
    "a cut letter": "가" * 21 + "a",
    "very long": "a" * 900,
    "nothing": "",
    "a word of YAML": "no",
    "a number": "012",
}
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a text stands in a document, and which field of which model it is. ``key``: it is a mapping's key."""

    path: Path_
    name: str
    key: bool = False


def places(model: Any, data: Any, path: Path_ = (), name: str = "") -> Iterator[Place]:
    """Every text in ``data``, found by the types of ``model``."""
    kind, arguments = unwrapped(model)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for attribute, info in kind.model_fields.items():
            written = info.alias or attribute
            if written in data:
                yield from places(info.annotation, data[written], (*path, written), f"{kind.__name__}.{attribute}")
    elif kind in (Mapping, dict):
        for key, value in data.items():
            yield Place((*path, key), f"{name} (key)", key=True)
            yield from places(arguments[1], value, (*path, key), name)
    elif kind is tuple:
        for position, item in enumerate(data):
            yield from places(arguments[0], item, (*path, position), name)
    elif isinstance(data, str):
        yield Place(path, name)


def unwrapped(model: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type beneath annotations and ``| None``, and its arguments."""
    origin = get_origin(model)
    if origin is Annotated:
        return unwrapped(get_args(model)[0])
    if origin is Union or type(model).__name__ == "UnionType":
        return unwrapped(next(item for item in get_args(model) if item is not NoneType))
    return (origin, get_args(model)) if origin is not None else (model, ())


def text_fields(model: type[BaseModel]) -> Iterator[str]:
    """The name of every field of a model, and of those beneath it, that holds texts."""
    for attribute, info in model.model_fields.items():
        kind, arguments = unwrapped(info.annotation)
        name = f"{model.__name__}.{attribute}"
        if kind in (Mapping, dict):
            yield f"{name} (key)"
        for inner in arguments[-1:] if kind in (Mapping, dict) else arguments[:1] if kind is tuple else (kind,):
            beneath, choices = unwrapped(inner)
            if isinstance(beneath, type) and issubclass(beneath, BaseModel):
                yield from text_fields(beneath)
            elif beneath is str or any(isinstance(choice, str) for choice in choices):
                yield name


@dataclass(frozen=True)
class Kind:
    """A kind of file: its model, the example's data, and how it is read from a file and from the record."""

    model: type[BaseModel]
    read: Callable[[str], Any]
    restore: Callable[[Any], Any]
    data: dict[str, Any]


@cache
def kinds() -> dict[str, Kind]:
    """The example, on one host and without patience, with every optional text."""
    yaml = YAML(typ="safe", pure=True)
    manifest, environment = yaml.load(MANIFEST), yaml.load(ENVIRONMENT)
    manifest["cutover"]["drain_seconds"] = 0
    environment["hosts"] = {name: environment["hosts"][name] for name in ("app1", "lb1")}
    environment["certificates"] = {"front": {"host": "lb1", "port": 8443}}
    return {
        "manifest": Kind(Manifest, lambda text: parse_manifest(text, "a.yaml"), manifest_from_data, manifest),
        "environment": Kind(
            Environment, lambda text: parse_environment(text, "b.yaml"), environment_from_data, environment
        ),
    }


def planted(data: Any, where: list[Place], word: str) -> Any:
    """The document with ``word`` at every place; deepest first, so that a renamed key hides nothing."""
    changed = deepcopy(data)
    for number, place in sorted(enumerate(where), key=lambda item: -len(item[1].path)):
        holder = changed
        for step in place.path[:-1]:
            holder = holder[step]
        if place.key:
            items = [(f"{word}{number}" if k == place.path[-1] else k, v) for k, v in holder.items()]
            holder.clear()
            holder.update(items)
        else:
            holder[place.path[-1]] = word
    return changed


def problems_of(kind: Kind, data: Any) -> tuple[Problem, ...]:
    try:
        kind.read(json.dumps(data, indent=1, ensure_ascii=True))
    except ManifestInvalid as error:
        return error.problems
    return ()


def restored(kind: Kind, data: Any) -> tuple[Problem, ...]:
    """As ``problems_of``, without a file."""
    try:
        kind.restore(data)
    except ManifestInvalid as error:
        return error.problems
    return ()


def accepting(kind: Kind, word: str) -> list[Place]:
    """The places that take this word, all at once."""
    found = [place for place in places(kind.model, kind.data) if not place.key]
    while problems := restored(kind, planted(kind.data, found, word)):
        refused = {problem.path for problem in problems}
        kept = [place for place in found if dotted(place.path) not in refused]
        if len(kept) == len(found):  # a list as a whole is refused for its first item: a program's name
            kept.remove(next(place for place in found if dotted(place.path).startswith(tuple(refused))))
        found = kept
    return found


@pytest.mark.parametrize("name", ["manifest", "environment"])
def test_the_walk_reaches_every_text(name: str) -> None:
    """The example has a value in each field that holds texts, so that none is left out of what follows."""
    kind = kinds()[name]
    assert set(text_fields(kind.model)) - {place.name for place in places(kind.model, kind.data)} == set()


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


@cache
def carried(word: str) -> tuple[Manifest, Environment]:
    """The example with a word wherever it is taken, but for ports: these are refused when both files are looked at."""
    manifest, environment = kinds()["manifest"], kinds()["environment"]
    own = manifest.restore(planted(manifest.data, accepting(manifest, word), word))
    taking = accepting(environment, word)
    ports = [place for place in taking if place.path[0] == "hosts" and "variables" in place.path]
    with pytest.raises(ManifestInvalid) as caught:
        check_fit(own, environment.restore(planted(environment.data, taking, word)))
    assert {dotted(place.path) for place in ports} <= {problem.path for problem in caught.value.problems}
    assert all(problem.message(locale).isprintable() for problem in caught.value.problems for locale in LOCALES)
    rest = [place for place in taking if place not in ports]
    return own, environment.restore(planted(environment.data, rest, word))


def is_taken(word: str) -> bool:
    """Whether it is a text that a title may be; what is a name by its shape would change what is meant."""
    return word not in ("no", "012", "", HOSTILE["half a character"]) and not any(
        problem.path == "title.ko" for problem in restored(kinds()["manifest"], _titled(word))
    )


def _titled(word: str) -> Any:
    data = deepcopy(kinds()["manifest"].data)
    data["title"]["ko"] = word
    return data


TAKEN = {name: word for name, word in HOSTILE.items() if is_taken(word)}


def plan_of(manifest: Manifest, environment: Environment) -> Plan:
    digests = (digest({"manifest": manifest.as_data()}), environment.digest)
    return make_plan(manifest, environment, *digests, files=_files(manifest))


def _files(manifest: Manifest) -> dict[str, str]:
    return {manifest.components["api"].templates[0].source: digest_bytes(TEMPLATE.encode())}


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


def scope(manifest: Manifest, environment: Environment) -> Scope:
    """What the builders see, with passwords as hostile as the rest is harmless."""
    connection = Connection("127.0.0.1", 5432, "deploy", Secret("$(touch touched)"))
    texts = {digest_bytes(TEMPLATE.encode()): TEMPLATE, PLACEMENT.tree: TREE}
    return Scope(manifest, environment, {"api": PLACEMENT}, _files(manifest), texts, lambda _name: connection)


def commands(manifest: Manifest, environment: Environment) -> list[Command]:
    """Every command that a release may send to a host, forward and back."""
    seen = scope(manifest, environment)
    works = [
        build(seen, step)
        for step in plan_of(manifest, environment).steps
        for definition in [STAGES[step.stage].step(step.step)]
        for build in (definition.work, definition.undo)
        if build is not None
    ]
    return [command for work in works for command in _commands(work)]


def _commands(work: Work) -> Iterator[Command]:
    match work:
        case HostWork():
            yield from (command for command in (work.command, work.probe) if command is not None)
        case ServiceWork() | RestoreWork():
            yield from _commands(work.host)


@cache
def harmless() -> frozenset[str]:
    kept = kinds()
    manifest, environment = (kind.restore(kind.data) for kind in (kept["manifest"], kept["environment"]))
    return frozenset(command.script for command in commands(manifest, environment))


@pytest.mark.parametrize("word", TAKEN.values(), ids=TAKEN)
def test_what_is_taken_does_nothing_in_a_shell(word: str, tmp_path: Path) -> None:
    """Every line that would go to a host and has the word in it is run by a real shell: nothing of the word happens,
    and the configuration holds it to the letter."""
    manifest, environment = carried(word)
    home = tmp_path / "home"
    (home / PLACEMENT.path).mkdir(parents=True)
    sent = recorded(commands(manifest, environment))
    carrying = {command.script: command for command in sent if command.script not in harmless()}
    for command in carrying.values():
        shell(operation.run(command), home, operation.stdin_of(command))
        assert not [path for path in tmp_path.rglob("*") if MARK in path.name], command.name
    configured = next(command for command in sent if command.name == "configure")
    shell(operation.run(configured), home, operation.stdin_of(configured))
    target = home / PLACEMENT.path / manifest.components["api"].templates[0].target
    assert f"title = {word}\n" in target.read_text(encoding="utf-8")
    launch = (home / PLACEMENT.path / ".golive" / "launch").read_text(encoding="utf-8")
    assert shlex.quote(word) in launch


def recorded(sent: list[Command]) -> list[Command]:
    """The commands as a host gets them."""
    host = RecordingHost()

    async def send() -> None:
        for command in sent:
            await host.run(command, timeout=1)

    asyncio.run(send())
    return [command for command in host.commands if isinstance(command, Command)]


def shell(line: str, home: Path, given: bytes = b"") -> bytes:
    """A line as SSH hands it to the deploy user's shell."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    words = ("sh", "-c", line)
    return subprocess.run(
        words, check=False, input=given, cwd=home, env=environment, capture_output=True, timeout=20
    ).stdout


@pytest.mark.parametrize("word", TAKEN.values(), ids=TAKEN)
def test_a_word_of_a_service_s_command_arrives(word: str, tmp_path: Path) -> None:
    """What starts a release gets its words to the letter."""
    release = tmp_path / PLACEMENT.path
    (release / "bin").mkdir(parents=True)
    (release / "bin" / "serve").write_text("#!/bin/sh\nprintf '%s|' \"$@\"\n")
    (release / "bin" / "serve").chmod(0o700)
    launch = release / "launch"
    launch.write_text(launch_script(PLACEMENT.path, ("bin/serve", word, "-x")), encoding="utf-8")
    assert shell(shlex.join(("sh", str(launch))), tmp_path) == f"{word}|-x|".encode()


def test_what_is_taken_is_recorded_and_read_back(ledger: Ledger, tmp_path: Path) -> None:
    """Submitted as files, round after round, and found in the record to the letter, each form of Korean as its own."""
    folder = tmp_path / "release"
    for name, word in TAKEN.items():
        manifest, environment = carried(word)
        written = _written(folder, manifest)
        place = folder / "place.yaml"
        place.write_text(json.dumps(environment.model_dump(mode="json", by_alias=True)), encoding="utf-8")
        submit_environment(ledger, place, "kim.release")
        submit_release(ledger, written, "kim.release")
        subject = load_subject(ledger, manifest.release, environment.environment)
        assert subject.manifest.title == manifest.title, name
        assert subject.manifest.changes == manifest.changes
        assert subject.environment == environment


def _written(folder: Path, manifest: Manifest) -> Path:
    """A manifest as a file, with a real artifact and a real template beside it under the names that it gives them."""
    data = manifest.model_dump(mode="json", by_alias=True)
    artifact = data["components"]["api"]["artifact"]
    template = folder / data["components"]["api"]["templates"][0]["source"]
    file = folder / artifact["file"]
    for path in (template, file):
        path.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(TEMPLATE, encoding="utf-8")
    with tarfile.open(file, "w:gz") as archive:
        entry = tarfile.TarInfo("bin/serve")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"#!\n"))
    artifact["digest"] = digest_bytes(file.read_bytes())
    path = folder / "release.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


NAMES = ('a"b; DROP ROLE postgres; --', "'; DROP TABLE x; --", "-d postgres", "dbname=postgres", "가" * 21)


@pytest.mark.parametrize("name", [*NAMES, "\ud55c\uae00", "\u1112\u1161\u11ab"])
def test_a_database_may_be_called_anything(postgres: Postgres, name: str) -> None:
    """Role and database are made under exactly this name, fenced, and taken back; nothing else changes."""
    admin = Connection("127.0.0.1", postgres.port, "postgres", Secret(postgres.password))
    role = replace(admin, user=name, password=Secret("word"))
    entry = ProvisionWork("admin", name, name, "role", "a-release")
    connections = {"admin": admin, "role": role}.__getitem__
    found = "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles"
    with postgres.connect("postgres") as server:
        before = sorted(server.execute(found).fetchall())
        assert len(provision(connections, entry, "one", 1, lambda: None)) == 2
        assert sorted(server.execute(found).fetchall()) == sorted([*before, (name,), (name,)])
        with connected(role, name) as session:
            assert session.execute("SELECT current_user, current_database()").fetchone() == (name, name)
        assert len(deprovision(connections, DeprovisionWork("admin", name, name, "a-release"), lambda: None)) == 2
        assert sorted(server.execute(found).fetchall()) == before
