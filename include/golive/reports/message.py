"""A message as a value, and who it is written for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from golive.escape import line
from golive.reports.blocks import Block


@dataclass(frozen=True)
class Message:
    """One message. ``key`` is its identity: a key is shown once. ``thread`` is the key of the message it answers.

    ``channel`` is a name with or without ``#`` or Slack's id; ``text`` the notification and fallback, escaped.
    """

    key: str
    channel: str
    thread: str | None
    text: str
    blocks: tuple[Block, ...]

    def as_data(self) -> dict[str, Any]:
        return {**vars(self), "blocks": list(self.blocks)}


def message_from_data(data: Mapping[str, Any]) -> Message:
    """The inverse of ``Message.as_data``; other keys are ignored."""
    return Message(data["key"], data["channel"], data["thread"], data["text"], tuple(data["blocks"]))


@dataclass(frozen=True)
class Audience:
    """What a release's messages share. Titles are raw text; ``people`` maps ids to names; ``timezone`` is IANA's."""

    release: str
    environment: str
    channel: str
    incidents: str
    locale: str
    title: str
    environment_title: str
    version: str
    timezone: str = "Asia/Seoul"
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The key of the message whose thread this release has in this environment."""
        return f"release:{self.release}:{self.environment}"

    def person(self, identifier: str) -> str:
        """A person as they are known, escaped: name and id, or the id alone."""
        name = self.people.get(identifier)
        return line(f"{name} ({identifier})" if name else identifier)

    def when(self, moment: datetime) -> str:
        """A moment as the environment's people read their clocks."""
        return moment.astimezone(ZoneInfo(self.timezone)).strftime("%Y-%m-%d %H:%M %Z")
