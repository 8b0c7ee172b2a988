"""What the stack remembers."""

import json
from pathlib import Path

import pytest

from golive_stack.errors import StateUnreadable
from golive_stack.files import tail, write_private
from golive_stack.state import State


def test_choices_are_made_once(tmp_path: Path) -> None:
    """Ports and passwords are the same for whoever asks again, also from another process."""
    first = State(tmp_path / "stack.json")
    chosen = (first.port("a"), first.port("b"), first.password("a"), first.password("b"))
    again = State(tmp_path / "stack.json")
    assert (again.port("a"), again.port("b"), again.password("a"), again.password("b")) == chosen
    assert len(set(chosen)) == 4


def test_two_who_remember_at_once_lose_nothing(tmp_path: Path) -> None:
    """What another process saved meanwhile stays, and is not chosen again."""
    one, two = State(tmp_path / "stack.json"), State(tmp_path / "stack.json")
    port = one.port("a")
    two.set_option("limit", "64")
    assert two.port("a") == port
    one.password("b")
    after = State(tmp_path / "stack.json")
    assert (after.option("limit"), after.port("a"), after.has_password("b")) == ("64", port, True)


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """The file with the passwords is 0600."""
    State(tmp_path / "stack.json").password("a")
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_preparation_holds_only_for_its_form(tmp_path: Path) -> None:
    """Another stamp means that it must be done again."""
    state = State(tmp_path / "stack.json")
    state.set_prepared("database", "one")
    assert state.prepared("database", "one")
    assert not state.prepared("database", "two")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ports": 3}'])
def test_a_spoiled_file_is_named(tmp_path: Path, content: str) -> None:
    """What cannot be read is refused with the file's name, never silently forgotten."""
    (tmp_path / "stack.json").write_text(content)
    with pytest.raises(StateUnreadable, match=r"stack\.json"):
        State(tmp_path / "stack.json")


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    """No draft stays behind, and the mode is the one asked for."""
    write_private(tmp_path / "new" / "file", "one")
    write_private(tmp_path / "new" / "file", "two", mode=0o644)
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["file"]
    assert (tmp_path / "new" / "file").read_text() == "two"
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == 0o644


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    """Long and broken logs are quoted as far as they help; a missing one is empty."""
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_bytes(b"x" * 20_000 + b"\n" + "\n".join(json.dumps(n) for n in range(20)).encode() + b"\n\xff")
    assert tail(log, lines=3) == "18\n19\n\ufffd"
