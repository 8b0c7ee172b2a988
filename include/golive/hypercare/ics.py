"""An iCalendar file (RFC 5545): only what it needs, and that strictly. Times are in UTC: no time zone is described."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_FOLD = 75
_SPECIAL = re.compile(r"[\\;,]")
_BREAK = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
MEDIA_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class Entry:
    """One event. ``uid`` stays the same when the file is made again, so that a calendar replaces and never doubles."""

    uid: str
    starts: datetime
    minutes: int
    summary: str
    description: str = ""


def calendar(entries: Iterable[Entry], *, name: str, stamp: datetime) -> bytes:
    """The file, with lines folded at 75 octets and ended by CRLF. ``stamp``: when the entries were made."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Golive//Hypercare//EN", f"NAME:{escaped(name)}"]
    for entry in entries:
        lines += _event(entry, stamp)
    return b"".join(fold(line) for line in [*lines, "END:VCALENDAR"])


def _event(entry: Entry, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(entry.uid)}"
    yield f"DTSTAMP:{_moment(stamp)}"
    yield f"DTSTART:{_moment(entry.starts)}"
    yield f"DTEND:{_moment(entry.starts + timedelta(minutes=entry.minutes))}"
    yield f"SUMMARY:{escaped(entry.summary)}"
    if entry.description:
        yield f"DESCRIPTION:{escaped(entry.description)}"
    yield "END:VEVENT"


def escaped(words: str) -> str:
    """A text value: separators escaped, line breaks written as ``\\n``, other control characters left out."""
    found = _SPECIAL.sub(lambda match: "\\" + match[0], words)
    return _CONTROL.sub("", _BREAK.sub(r"\\n", found))


def fold(line: str) -> bytes:
    """A content line in lines of at most 75 octets, never cut inside a character."""
    pieces: list[bytes] = [b""]
    for letter in line:
        octets = letter.encode()
        # Continuation lines begin with a space, which counts.
        if len(pieces[-1]) + len(octets) > _FOLD - (len(pieces) > 1):
            pieces.append(b"")
        pieces[-1] += octets
    return b"\r\n ".join(pieces) + b"\r\n"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
