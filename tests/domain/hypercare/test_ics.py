"""Calendar files that every calendar reads."""

from datetime import UTC, datetime

from golive.hypercare.ics import Entry, calendar, escaped, fold
from golive.hypercare.invitations import invitations
from tests.domain.hypercare.stage import GO_LIVE, plan_of

STAMP = datetime(2026, 3, 1, tzinfo=UTC)


def unfolded(content: bytes) -> list[str]:
    return content.replace(b"\r\n ", b"").decode().split("\r\n")


def test_a_line_has_at_most_75_octets() -> None:
    """A long Korean line is cut between characters, never inside one, and comes back whole."""
    line = "SUMMARY:" + "주간 운영 회의 " * 30
    folded = fold(line)
    assert all(len(part) <= 75 for part in folded.split(b"\r\n"))
    assert all(part.decode() for part in folded.rstrip().split(b"\r\n"))
    assert unfolded(folded) == [line, ""]


def test_text_cannot_make_a_line_of_its_own() -> None:
    """Line breaks, separators and control characters in a title stay inside it."""
    assert escaped("a\r\nEND:VEVENT\n;,\\\x07") == "a\\nEND:VEVENT\\n\\;\\,\\\\"
    entry = Entry("u\r\nX:1", GO_LIVE, 15, "a\nEND:VCALENDAR")
    lines = unfolded(calendar([entry], name="n", stamp=STAMP))
    assert lines.count("END:VCALENDAR") == 1
    assert "X:1" not in lines


def test_a_calendar_is_whole() -> None:
    """The header, one event with its times in UTC, and the end; each line ends with CRLF."""
    content = calendar([Entry("u@golive", GO_LIVE, 15, "Stand-up", "moved")], name="n", stamp=STAMP)
    assert content.decode().split("\r\n") == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Golive//Hypercare//EN", "NAME:n",
        "BEGIN:VEVENT", "UID:u@golive", "DTSTAMP:20260301T000000Z", "DTSTART:20260309T000000Z",
        "DTEND:20260309T001500Z", "SUMMARY:Stand-up", "DESCRIPTION:moved", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


def test_the_plans_meetings_have_names_of_their_own() -> None:
    """Made again, the file names the same entries, so that a calendar replaces them; no name comes twice."""
    first, count = invitations(plan_of(), GO_LIVE, "ko", STAMP)
    again, _ = invitations(plan_of(), GO_LIVE, "en", STAMP)
    names = [line for line in unfolded(first) if line.startswith("UID:")]
    assert names == [line for line in unfolded(again) if line.startswith("UID:")]
    assert len(set(names)) == count == first.count(b"BEGIN:VEVENT")
    assert "SUMMARY:주간 운영 회의: contact-center-2.0" in unfolded(first)
