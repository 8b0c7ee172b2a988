"""``golive validate``: everything that is wrong with release and environment files, each with its place."""

from pathlib import Path
from typing import Any

import click

from golive.cli.command import Taught
from golive.cli.files import Checked, check, fits
from golive.cli.locale import say
from golive.cli.output import plain, print_json
from golive.release.errors import ManifestInvalid, Problem


@click.command("validate", cls=Taught, codes=(0, 2, 64))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def validate(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    found = [check(file) for file in files]
    unfit = tuple(fits(found))
    problems = tuple(problem for item in found for problem in item.problems) + unfit
    if as_json:
        print_json(_as_data(found, unfit))
        context.exit(ManifestInvalid.exit_code if problems else 0)
    if problems:
        raise ManifestInvalid(problems=problems)
    for item in found:
        _print(item)
    _print_fits(found)


def _as_data(found: list[Checked], unfit: tuple[Problem, ...]) -> dict[str, Any]:
    files = [
        {
            "file": str(item.file),
            "kind": item.kind,
            "name": _name(item),
            "digest": item.digest,
            "missing_artifacts": item.missing,
            "problems": [problem.as_data() for problem in item.problems],
        }
        for item in found
    ]
    valid = not unfit and not any(item.problems for item in found)
    return {"valid": valid, "files": files, "fit": [problem.as_data() for problem in unfit]}


def _name(item: Checked) -> str | None:
    if item.manifest is not None:
        return item.manifest.release
    return item.environment.environment if item.environment is not None else None


def _print(item: Checked) -> None:
    version = item.manifest.version if item.manifest else ""
    click.echo(say(f"valid_{item.kind}", file=plain(item.file), name=_name(item), version=version))
    if item.digest:
        click.echo("  " + say("digest", digest=item.digest))
    for name in item.missing:
        click.echo("  " + say("artifact_missing", file=name))


def _print_fits(found: list[Checked]) -> None:
    given = {item.environment.environment for item in found if item.environment}
    for manifest in (item.manifest for item in found if item.manifest):
        if given:
            names = ", ".join(name for name in manifest.path if name in given)
            click.echo(say("fits", release=manifest.release, environments=names))
