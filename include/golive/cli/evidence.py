"""``golive evidence``: one release's record as a file that proves itself without the database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from golive.cli.command import Taught, TaughtGroup
from golive.cli.errors import OutputExists, OutputUnwritable, RecordBroken
from golive.cli.locale import locale_of, say
from golive.cli.output import plain, print_json
from golive.cli.progress import doing
from golive.cli.record import require_stream
from golive.cli.settings import public_keys, reading, settings

if TYPE_CHECKING:
    from golive.ledger import Ledger
    from golive.ledger.export import Export
    from golive.ledger.signing import PublicKeys

evidence = TaughtGroup("evidence", no_args_is_help=True, codes=(0, 2, 5, 64))


@evidence.command("export", cls=Taught, codes=(0, 2, 5, 64))
@click.argument("release", metavar="RELEASE")
@click.option("--output", "-o", metavar="FILE", required=True, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def export(context: click.Context, release: str, output: Path, force: bool, as_json: bool) -> None:
    from golive.ledger import verify_export

    if output.exists() and not force:
        raise OutputExists(file=output)
    found = settings(context)
    keys = public_keys(found)
    with reading(context) as opened, doing(say("exporting", release=plain(release))):
        require_stream(opened, release)
        written = _write(opened, release, output, keys)
        problems = verify_export(output, keys)
    if as_json:
        print_json({"file": str(output), **vars(written), "holds": not problems})
    else:
        click.echo(say("exported", release=plain(release), file=plain(output), count=len(written.files)))
        for digest in written.omitted:
            click.echo("  " + say("omitted", digest=digest))
    for problem in problems:
        click.echo(plain(problem.message(locale_of())), err=True)
    if problems:
        raise RecordBroken(count=len(problems))


def _write(opened: "Ledger", release: str, output: Path, keys: "PublicKeys") -> "Export":
    from golive.ledger import export_evidence
    from golive.ledger.events import release_stream

    try:
        return export_evidence(opened, release_stream(release), output, keys)
    except OSError as error:
        raise OutputUnwritable(file=output, cause=error.strerror or str(error)) from error
