"""What a release does to databases, as the engine's values: connections become endpoints, files become flows."""

from collections.abc import Callable
from dataclasses import dataclass

from golive.migration.catalogue import read_catalogue
from golive.migration.ddl.scripts import Script, read_scripts
from golive.migration.derive import derived
from golive.migration.endpoint import Endpoint
from golive.migration.flows import flows
from golive.migration.mapping_file import MappingFile, parse_mapping
from golive.migration.settings import Limits, Migration, Progress
from golive.release.preparation import DataMove
from golive.stages.definition import Scope

Report = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Move:
    """A release's move of rows, and its way back; both under the token of the target's lease."""

    data: DataMove
    forward: Migration
    reverse: Migration


def endpoint(scope: Scope, database: str) -> Endpoint:
    """A database of the environment as its administrator enters it: what it makes for us is not the application's."""
    entry = scope.environment.databases[database]
    known = scope.connection(entry.admin)
    return Endpoint(known.host, known.port, known.user, known.password, entry.name)


def owner(scope: Scope, database: str) -> str:
    """The role that owns the application's tables."""
    return scope.environment.databases[database].role


def scripts_of(scope: Scope) -> tuple[Script, ...]:
    """The release's schema scripts; none when it changes no schema. Raises ``ScriptsInvalid``."""
    ddl = scope.manifest.migration.ddl
    return read_scripts({name: scope.texts[scope.files[name]] for name in ddl.scripts}) if ddl else ()


def mapping_of(scope: Scope, data: DataMove) -> MappingFile:
    """Raises ``MappingInvalid`` with every problem of the file's shape."""
    return parse_mapping(scope.texts[scope.files[data.mapping]], data.mapping)


def move_of(scope: Scope, token: int = 0, report: Report = silent, target: Endpoint | None = None) -> Move | None:
    """The move, read from both catalogues as they are now; None when the release moves no rows.

    ``target`` is a copy to try it on. What the mapping says was held against both sides in ``analyze``.
    """
    data = scope.manifest.migration.data
    if data is None:
        return None
    source, target = endpoint(scope, data.source), target or endpoint(scope, data.target)
    mapping = mapping_of(scope, data).mapping
    with source.session("catalogue") as there, target.session("catalogue") as here:
        old, new = read_catalogue(there), read_catalogue(here)
    name = "".join(letter if letter.isalnum() else "_" for letter in scope.manifest.release)
    back, _open_ends = derived(mapping, old, new)
    limits = Limits(workers=data.workers)
    forward = Migration(
        name, source, target, flows(mapping, old, new), mapping.digest, token, data.capture, limits, report
    )
    reverse = Migration(
        f"{name}_back", target, source, flows(back, new, old), back.digest, token, limits=limits, report=report
    )
    return Move(data, forward, reverse)
