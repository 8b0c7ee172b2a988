"""9. Messages: delivered at least once, visible at most once per key.
11. No secret in a log, a message, the ledger, Airflow's tables, a command or a process's arguments.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from tests.checker.processes import command_line, living
from tests.checker.record import LEDGER, World

FILES = (
    "logs/**/*",
    "airflow/logs/**/*",
    "ledger/**/*",
    "slack/*",
    "releases/**/*",
    "hosts/*/*/home/.golive/operations/*/*",
    "hosts/*/*/home/.golive/before/*",
    "hosts/*/*/home/components/*/run/*",
    "hosts/*/*/home/components/*/control",
)
TABLES = ("xcom", "rendered_task_instance_fields", "log", "dag_run", "hitl_detail", "task_instance", "serialized_dag")


def check_messages(world: World) -> Iterator[str]:
    channel = world.home / "slack" / "slack.sqlite"
    shown = _shown(channel) if channel.exists() else None
    for stream, events in world.events.items():
        keys = {kind: Counter(e.data["key"] for e in events if e.kind == f"message.{kind}") for kind in _KINDS}
        for kind, found in keys.items():
            yield from (f"9 {stream}: {key} was {kind} {n} times" for key, n in found.items() if n > 1)
        if shown is None:
            continue
        for key in keys["queued"]:
            if key not in keys["sent"] and key not in keys["refused"]:
                yield f"9 {stream}: {key} was never delivered"
            if key in keys["sent"] and not shown[key]:
                yield f"9 {stream}: {key} was delivered, but nobody sees it"
    yield from (f"9 {key} is seen {n} times" for key, n in (shown or {}).items() if n > 1)


_KINDS = ("queued", "sent", "refused")


def _shown(file: Path) -> Counter[str]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as database:
        bodies = [json.loads(row[0]) for row in database.execute("SELECT body FROM message")]
    database.close()
    return Counter(body["metadata"]["event_payload"]["key"] for body in bodies if body.get("metadata"))


def check_secrets(world: World, canaries: Sequence[str]) -> Iterator[str]:
    secrets = {f"canary {n}": word for n, word in enumerate(canaries, start=1)}
    secrets |= {name: word for name, word in world.state["passwords"].items() if len(word) >= 16}
    secrets |= {file.name: _middle(file) for file in (world.home / "keys").iterdir() if file.suffix != ".pub"}
    yield from (f"11 {why}" for why in _in_files(world.home, secrets))
    yield from (f"11 {why}" for why in _in_databases(world, secrets))
    for pid in living():
        line = command_line(pid)
        yield from (f"11 {name} is in the arguments of process {pid}" for name, word in secrets.items() if word in line)


def _middle(key: Path) -> str:
    """A line of a private key that says enough to be recognised."""
    return key.read_text(encoding="ascii").splitlines()[1]


def _in_files(home: Path, secrets: dict[str, str]) -> Iterator[str]:
    for pattern in FILES:
        for file in home.glob(pattern):
            if file.is_file():
                content = file.read_bytes()
                place = file.relative_to(home)
                yield from (f"{name} is in {place}" for name, word in secrets.items() if word.encode() in content)


def _in_databases(world: World, secrets: dict[str, str]) -> Iterator[str]:
    with world.database(LEDGER) as session:
        for name, word in secrets.items():
            query = "SELECT stream, sequence FROM ledger.event WHERE strpos(data, %s) > 0"
            yield from (f"{name} is in the ledger, {row}" for row in session.execute(query, (word,)))
            query = "SELECT digest FROM ledger.evidence_chunk WHERE position(%s::bytea IN content) > 0"
            yield from (f"{name} is in evidence {row[0]}" for row in session.execute(query, (word.encode(),)))
    with world.database("airflow") as session:
        for table in TABLES:
            query = psycopg.sql.SQL("SELECT count(*) FROM {0} t WHERE strpos(t::text, %s) > 0").format(
                psycopg.sql.Identifier(table)
            )
            for name, word in secrets.items():
                try:
                    row = session.execute(query, (word,)).fetchone()
                except psycopg.errors.UndefinedTable:
                    break
                if row and row[0]:
                    yield f"{name} is in Airflow's table {table}"
