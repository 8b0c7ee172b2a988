"""Heads outside the database: what they find, and what happens when they are lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from golive.ledger import Ledger, verify
from golive.ledger.errors import HeadsUnwritable
from golive.ledger.events import NewEvent
from golive.ledger.problems import What
from tests.domain.ledger.tamper import Superuser

Found = Callable[[], list[tuple[int, What]]]


@pytest.fixture
def heads_file(story: Ledger, tmp_path: Path) -> Path:
    """The one file that this host and key write."""
    (file,) = (tmp_path / "heads").iterdir()
    return file


def test_a_missing_head_is_found_and_can_be_confirmed(story: Ledger, found: Found, heads_file: Path) -> None:
    """A stream whose end no head confirms is named; ``confirm_heads`` writes it again, once."""
    lines = heads_file.read_bytes().splitlines(keepends=True)
    heads_file.write_bytes(b"".join(line for line in lines if b'"batch":4' not in line))
    assert found() == [(7, What.HEAD_MISSING)]
    assert [head.sequence for head in story.confirm_heads()] == [7]
    assert story.confirm_heads() == ()
    assert found() == []


def test_a_later_head_confirms_what_came_before(story: Ledger, found: Found, heads_file: Path, stream: str) -> None:
    """A head covers its whole chain, so one that was lost on the way does no harm."""
    heads_file.unlink()
    story.record(stream, NewEvent("h"))
    assert found() == []


def test_confirming_does_not_hide_a_cut(story: Ledger, found: Found, superuser: Superuser) -> None:
    """Writing heads after a cut leaves the older, longer head in place, so the cut is still found."""
    superuser.truncate(2)
    story.confirm_heads()
    assert found() == [(4, What.TRUNCATED)]


def test_confirming_does_not_bless_a_forgery(story: Ledger, superuser: Superuser, heads_file: Path) -> None:
    """A batch that our key did not sign gets no head from us."""
    heads_file.unlink()
    superuser.update_batch("head = 'x'", 4)
    assert story.confirm_heads() == ()


def test_lost_heads_are_found(found: Found, heads_file: Path) -> None:
    """When the heads are gone altogether, the stream's end is named."""
    heads_file.unlink()
    assert found() == [(7, What.HEAD_MISSING)]


def test_forged_and_unreadable_heads(found: Found, heads_file: Path) -> None:
    """A head that no trusted key signed, and lines that are none, are named; they hide nothing."""
    line = heads_file.read_text().splitlines()[0]
    lines = [line.replace('"batch":1', '"batch":9'), '{"stream":"', "[1]", line.replace('"batch":1', '"batch":"1"')]
    with heads_file.open("a") as file:
        file.write("\n".join(lines) + "\n")
    assert found() == [(0, What.HEAD_UNREADABLE)] * 3 + [(2, What.FORGED_SIGNATURE)]


def test_a_torn_head_does_not_swallow_the_next(story: Ledger, found: Found, heads_file: Path, stream: str) -> None:
    """A half-written last line is closed before the next head is written."""
    with heads_file.open("a") as file:
        file.write('{"stream":"rel')
    story.record(stream, NewEvent("h"))
    assert found() == [(0, What.HEAD_UNREADABLE)]


def test_heads_are_private(heads_file: Path) -> None:
    """Heads lie in a directory of mode 0700, in files of mode 0600."""
    assert (heads_file.stat().st_mode & 0o777, heads_file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_heads_may_be_one_file(ledger: Ledger, tmp_path: Path, stream: str) -> None:
    """A path that ends in .jsonl is the file itself."""
    ledger.heads = tmp_path / "all.jsonl"
    ledger.record(stream, NewEvent("x"))
    assert verify(ledger, tmp_path / "key.pub", tmp_path / "all.jsonl", stream) == ()
    assert not (tmp_path / "heads").exists()


def test_heads_that_cannot_be_written_are_told(ledger: Ledger, tmp_path: Path, stream: str) -> None:
    """When the head cannot be kept, the caller learns it; the event stands and can be confirmed later."""
    (tmp_path / "occupied").write_text("")
    ledger.heads = tmp_path / "occupied" / "heads"
    with pytest.raises(HeadsUnwritable):
        ledger.record(stream, NewEvent("x"))
    ledger.heads = tmp_path / "heads"
    assert len(ledger.read(stream)) == 1
    assert [head.stream for head in ledger.confirm_heads()] == [stream]
