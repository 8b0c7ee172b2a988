"""Hostile words that a file may hold reach shells, the record and a server: as only text, to the letter."""

import asyncio
import io
import json
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from golive.canonical import digest_bytes
from golive.hosts import operation
from golive.hosts.recording import RecordingHost
from golive.hosts.values import Command
from golive.ledger import Ledger
from golive.release.environment import Environment
from golive.release.manifest import Manifest
from golive.secret import Secret
from golive.stages.catalogue import STAGES
from golive.stages.database_worker import connected, deprovision, provision
from golive.stages.definition import Scope
from golive.stages.runtime import Connection
from golive.stages.service import launch_script
from golive.stages.subject import load_subject
from golive.stages.submission import submit_environment, submit_release
from golive.stages.work import DeprovisionWork, HostWork, ProvisionWork, RestoreWork, ServiceWork, Work
from tests.domain.bad_words import (
    MARK,
    TAKEN,
    TEMPLATE,
    TREE,
    Kind,
    accepting,
    carried,
    files_named,
    kinds,
    plan_of,
    planted,
)
from tests.domain.conftest import Postgres
from tests.domain.stages.history import PLACEMENT


def scope(manifest: Manifest, environment: Environment) -> Scope:
    """What the builders see, with passwords as hostile as the rest is harmless."""
    connection = Connection("127.0.0.1", 5432, "deploy", Secret("$(touch touched)"))
    texts = {digest_bytes(TEMPLATE.encode()): TEMPLATE, PLACEMENT.tree: TREE}
    return Scope(manifest, environment, {"api": PLACEMENT}, files_named(manifest), texts, lambda _name: connection)


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


@pytest.mark.parametrize("turn", range(4))
def test_what_is_taken_is_recorded_and_read_back(ledger: Ledger, tmp_path: Path, turn: int) -> None:
    """Submitted as files and found in the record to the letter, each form of Korean as its own. Every word has its
    place in one of the turns, beside other words."""
    folder, words = tmp_path / "release", list(TAKEN.values())[turn::4]
    manifest, environment = (mixed(kind, words) for kind in kinds().values())
    written = _written(folder, manifest)
    place = folder / "place.yaml"
    place.write_text(json.dumps(environment.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    submit_environment(ledger, place, "kim.release")
    submit_release(ledger, written, "kim.release")
    subject = load_subject(ledger, manifest.release, environment.environment)
    assert subject.environment == environment
    assert subject.manifest.model_dump(exclude={"components"}) == manifest.model_dump(exclude={"components"})
    assert subject.manifest.components["api"].service == manifest.components["api"].service


def mixed(kind: Kind, words: list[str]) -> Any:
    """The example with these words side by side: each place that takes all of them has one."""
    taking = [place for place in accepting(kind, words[0]) if all(place in accepting(kind, word) for word in words)]
    changed = kind.data
    for number, word in enumerate(words):
        changed = planted(changed, taking[number :: len(words)], word)
    return kind.restore(changed)


def _written(folder: Path, manifest: Manifest) -> Path:
    """A manifest as a file, with a real artifact, a real template and the migration's files beside it under the names
    that it gives them."""
    data = manifest.model_dump(mode="json", by_alias=True)
    artifact = data["components"]["api"]["artifact"]
    template = folder / data["components"]["api"]["templates"][0]["source"]
    file = folder / artifact["file"]
    beside = [folder / name for name in manifest.migration.files]
    for path in (template, file, *beside):
        path.parent.mkdir(parents=True, exist_ok=True)
    for path in beside:
        path.write_text(f"-- {path.name}", encoding="utf-8")
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
