"""Hostile words, and every place of a manifest and an environment where one may be planted.

The places are found by walking the models, so a new field is hostile ground from its first day.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from golive.canonical import digest, digest_bytes
from golive.release.environment import Environment, environment_from_data, parse_environment
from golive.release.errors import ManifestInvalid, Problem, dotted
from golive.release.fit import check_fit
from golive.release.manifest import Manifest, manifest_from_data, parse_manifest
from golive.release.plan import Plan
from golive.stages.planning import make_plan
from golive.texts import LOCALES
from tests.domain.release.example import ENVIRONMENT, MANIFEST

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
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a text stands in a document, and which field of which model it is. ``key``: it is a mapping's key."""

    path: Where
    name: str
    key: bool = False


def places(model: Any, data: Any, path: Where = (), name: str = "") -> Iterator[Place]:
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
    manifest["components"]["api"]["service"]["writes"] = ["state"]
    manifest["people"]["lee.operator"]["phone"] = "02-123-4567"
    manifest["hypercare"]["waived"] = {"automation": "이번 범위가 아님"}
    environment["hosts"] = {name: environment["hosts"][name] for name in ("app1", "lb1")}
    environment["certificates"] = {"front": {"host": "lb1", "port": 8443}}
    return {
        "manifest": Kind(Manifest, lambda text: parse_manifest(text, "a.yaml"), manifest_from_data, manifest),
        "environment": Kind(
            Environment, lambda text: parse_environment(text, "b.yaml"), environment_from_data, environment
        ),
    }


def planted(data: Any, where: Sequence[Place], word: str) -> Any:
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


def accepting(kind: Kind, word: str) -> tuple[Place, ...]:
    """The places that take this word, all at once."""
    return _accepting("manifest" if kind.model is Manifest else "environment", word)


@cache
def _accepting(name: str, word: str) -> tuple[Place, ...]:
    kind = kinds()[name]
    found = [place for place in places(kind.model, kind.data) if not place.key]
    while problems := restored(kind, planted(kind.data, found, word)):
        refused = {problem.path for problem in problems}
        kept = [place for place in found if dotted(place.path) not in refused]
        if len(kept) == len(found):  # a list as a whole is refused for its first item: a program's name
            kept.remove(next(place for place in found if dotted(place.path).startswith(tuple(refused))))
        found = kept
    return tuple(found)


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
    return make_plan(manifest, environment, *digests, files=files_named(manifest))


def files_named(manifest: Manifest) -> dict[str, str]:
    """The template, and the migration's files, whose content is nobody's here."""
    beside = dict.fromkeys(manifest.migration.files, digest_bytes(b""))
    return {**beside, manifest.components["api"].templates[0].source: digest_bytes(TEMPLATE.encode())}
