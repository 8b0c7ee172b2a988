"""The shapes that text and numbers in a manifest or environment may have, as types.

Patterns are data: ``HINTS`` names the text that explains each of them to a person. No shape admits a control
character, so nothing here can forge a line of a log, end a command, or turn the direction of what is read.
"""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

_SEGMENT = r"\.?[0-9A-Za-z_][0-9A-Za-z._-]{0,200}"

NAME = r"^[a-z][a-z0-9_-]{0,40}$"
IDENTIFIER = r"^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$"
CHANGE = r"^[0-9A-Za-z]+(?:[._-][0-9A-Za-z]+)*$"
VERSION = r"^[0-9A-Za-z]+(?:[.+-][0-9A-Za-z]+)*$"
VARIABLE = r"^[a-z][a-z0-9_-]{0,62}$"
DIGEST = r"^sha256:[0-9a-f]{64}$"
MODE = r"^0[0-7]{3}$"
HOST_PATH = rf"^{_SEGMENT}(?:/{_SEGMENT})*$"
PROGRAM = rf"^/?{_SEGMENT}(?:/{_SEGMENT})*$"
URL_PATH = r"^/(?:[0-9A-Za-z._~!$&'()*+,;=:@%?-][0-9A-Za-z._~!$&'()*+,;=:@%/?-]*)?$"
CONNECTION = r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,199}$"
REFERENCE = r"^(?:database/[a-z][a-z0-9_-]{0,40}|[0-9A-Za-z_][0-9A-Za-z_.-]{0,199})$"
USER = r"^[a-z_][a-z0-9_-]{0,31}$"
ADDRESS = r"^[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,251}[0-9A-Za-z])?$"
DECIMAL = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"
CLOCK = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
PHONE = r"^\+?[0-9](?:[0-9 -]{1,30}[0-9])$"
EMAIL = r"^[0-9A-Za-z][0-9A-Za-z._%+-]*@[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?$"
CHANNEL = r"^(?:#[a-z0-9가-힣_-]{1,79}|[CG][0-9A-Z]{8,20})$"
REVISION = r"^[0-9A-Za-z]+(?:[:._/@+-][0-9A-Za-z]+)*$"
ARCHIVE = r"\.(?:tar\.gz|tgz|tar\.zst|zip)$"

HINTS = {
    r"^/": "shape_absolute",
    NAME: "shape_name",
    IDENTIFIER: "shape_identifier",
    CHANGE: "shape_change",
    VERSION: "shape_version",
    VARIABLE: "shape_variable",
    DIGEST: "shape_digest",
    MODE: "shape_mode",
    HOST_PATH: "shape_host_path",
    URL_PATH: "shape_url_path",
    CONNECTION: "shape_connection",
    REFERENCE: "shape_reference",
    USER: "shape_user",
    ADDRESS: "shape_address",
    DECIMAL: "shape_decimal",
    MOMENT: "shape_moment",
    CLOCK: "shape_clock",
    DATE: "shape_date",
    PHONE: "shape_phone",
    EMAIL: "shape_email",
    CHANNEL: "shape_channel",
    REVISION: "shape_revision",
    ARCHIVE: "shape_archive",
}

_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def _plain(text: str) -> str:
    if found := _UNREADABLE.search(text):
        raise PydanticCustomError("control_character", "control character", {"code": f"U+{ord(found[0]):04X}"})
    return text


def _inside(path: str) -> str:
    segments = path.split("/")
    if any(segment in ("", ".", "..") for segment in segments) or "\\" in path or path.startswith(("~", "-")):
        raise PydanticCustomError("shape_local_file", "not a relative path inside the folder")
    if any(len(segment.encode()) > 255 for segment in segments):
        raise PydanticCustomError("shape_local_file", "a name in the path is too long")
    return path


def _absolute(path: str) -> str:
    if any(segment in ("", ".", "..") for segment in path.split("/")[1:]):
        raise PydanticCustomError("shape_absolute", "not an absolute path")
    return path


def _real_moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("no_such_moment", "no such date or time") from error
    return text


def _program_first(words: tuple[str, ...]) -> tuple[str, ...]:
    if not re.fullmatch(PROGRAM, words[0]):
        raise PydanticCustomError("shape_program", "the first word is not a program")
    return words


def _once(items: tuple[str, ...]) -> tuple[str, ...]:
    twice = [item for position, item in enumerate(items) if item in items[:position]]
    if twice:
        raise PydanticCustomError("named_twice", "named twice", {"name": twice[0]})
    return items


def _identifier_size(text: str) -> str:
    if len(text.encode()) > 63:
        raise PydanticCustomError("shape_database_name", "longer than 63 bytes")
    return text


_Plain = AfterValidator(_plain)

Text = Annotated[str, StringConstraints(min_length=1, max_length=500), _Plain]
Value = Annotated[str, StringConstraints(max_length=4000), _Plain]
Word = Annotated[str, StringConstraints(min_length=1, max_length=1000), _Plain]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, max_length=63)]
ChangeId = Annotated[str, StringConstraints(pattern=CHANGE, max_length=63)]
Version = Annotated[str, StringConstraints(pattern=VERSION, max_length=64)]
Variable = Annotated[str, StringConstraints(pattern=VARIABLE)]
Sha256 = Annotated[str, StringConstraints(pattern=DIGEST)]
Mode = Annotated[str, StringConstraints(pattern=MODE)]
LocalFile = Annotated[str, StringConstraints(min_length=1, max_length=500), _Plain, AfterValidator(_inside)]
ArchiveFile = Annotated[LocalFile, StringConstraints(pattern=ARCHIVE)]
HostPath = Annotated[str, StringConstraints(pattern=HOST_PATH, max_length=500)]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/", max_length=500), _Plain, AfterValidator(_absolute)]
UrlPath = Annotated[str, StringConstraints(pattern=URL_PATH, max_length=2000)]
Connection = Annotated[str, StringConstraints(pattern=CONNECTION)]
ConnectionReference = Annotated[str, StringConstraints(pattern=REFERENCE)]
User = Annotated[str, StringConstraints(pattern=USER)]
Address = Annotated[str, StringConstraints(pattern=ADDRESS)]
DatabaseName = Annotated[str, StringConstraints(min_length=1, max_length=63), _Plain, AfterValidator(_identifier_size)]
Decimal = Annotated[str, StringConstraints(pattern=DECIMAL)]
Moment = Annotated[str, StringConstraints(pattern=MOMENT), AfterValidator(_real_moment)]
ClockTime = Annotated[str, StringConstraints(pattern=CLOCK)]
Date = Annotated[str, StringConstraints(pattern=DATE), AfterValidator(_real_moment)]
Phone = Annotated[str, StringConstraints(pattern=PHONE)]
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=254)]
Channel = Annotated[str, StringConstraints(pattern=CHANNEL)]
Revision = Annotated[str, StringConstraints(pattern=REVISION, max_length=200)]
Command = Annotated[tuple[Word, ...], Field(min_length=1, max_length=64), AfterValidator(_program_first)]
Names = Annotated[tuple[Name, ...], AfterValidator(_once)]
SomeNames = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_once)]
Variables = Annotated[tuple[Variable, ...], AfterValidator(_once)]

Port = Annotated[int, Field(ge=1, le=65535)]
PortOrVariable = Annotated[int, Field(ge=0, le=65535)]
"""0: the environment gives it as a variable."""
Count = Annotated[int, Field(ge=1, le=10_000)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Milliseconds = Annotated[int, Field(ge=1, le=600_000)]
Minutes = Annotated[int, Field(ge=0, le=525_600)]
Hours = Annotated[int, Field(ge=1, le=8_760)]
Megabytes = Annotated[int, Field(ge=0, le=100_000_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
