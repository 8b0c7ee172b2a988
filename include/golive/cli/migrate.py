"""``golive migrate``: what a person does with a migration outside its DAG."""

from datetime import datetime
from pathlib import Path

import click

from golive.cli.command import Taught, TaughtGroup
from golive.cli.errors import ReasonMissing
from golive.cli.locale import say
from golive.cli.output import local, plain, print_json_line, print_table
from golive.cli.submit import acting

_LONGEST_REASON = 2000

migrate = TaughtGroup("migrate", no_args_is_help=True, codes=(0, 3, 64))


@migrate.command("rows", cls=Taught, codes=(0, 3, 64))
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--folder", metavar="FOLDER", envvar="GOLIVE_PRIVATE_ROWS", type=click.Path(path_type=Path))
@click.option("--reason", metavar="TEXT")
@click.option("--person", metavar="NAME")
def rows(file: Path | None, folder: Path | None, reason: str | None, person: str | None) -> None:
    from golive.migration.private_rows import PrivateRows, default_folder

    private = PrivateRows(file.parent if file else folder or default_folder())
    if file is None:
        private.sweep()
        _list(private.listed())
        return
    why = (reason or "").strip()
    if not why or len(why) > _LONGEST_REASON:
        raise ReasonMissing(longest=_LONGEST_REASON)
    for row in private.read(file, why, acting(person)):
        print_json_line(row)


def _list(files: tuple[tuple[Path, datetime], ...]) -> None:
    if not files:
        click.echo(say("no_private_rows"))
        return
    headings = (say("private_rows_file"), say("private_rows_expires"))
    print_table(headings, [(plain(path), local(expires)) for path, expires in files])
