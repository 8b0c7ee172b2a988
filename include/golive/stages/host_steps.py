"""Commands on hosts, built and never run here: each is what one step says, or takes back, on one host."""

from collections.abc import Sequence

from golive.canonical import Digest
from golive.hosts.shell import sh
from golive.hosts.values import Command
from golive.secret import Secret
from golive.stages.layout import Placement


def make_directories(directories: Sequence[str], marker: str) -> Command:
    """Makes what is missing, outer ones first, and notes what it made so that the undo takes back only that."""
    script = sh(
        """umask 077
mkdir -p .golive/made
touch .golive/made/{marker}
for directory in {directories}; do
    [ -d "$directory" ] || { echo "$directory" >>.golive/made/{marker}; mkdir "$directory"; } || exit 1
done
""",
        directories=tuple(directories),
        marker=marker,
    )
    return Command("directories", script)


def remove_directories(marker: str) -> Command:
    """Removes what ``make_directories`` made, inner ones first; one that holds something is kept."""
    script = sh(
        """[ -f .golive/made/{marker} ] || exit 0
sed -n '1!G;h;$p' .golive/made/{marker} | while read -r directory; do
    [ ! -d "$directory" ] || rmdir "$directory" 2>/dev/null || echo "kept $directory: not empty"
done
rm -f .golive/made/{marker}
""",
        marker=marker,
    )
    return Command("remove_directories", script)


def directories_exist(directories: Sequence[str]) -> Command:
    return Command(
        "directories_exist", sh('for d in {names}; do [ -d "$d" ] || exit 1; done', names=tuple(directories))
    )


def put_file(target: str, content: str, mode: str, keep: str) -> Command:
    """Writes a small file by rename and keeps what was there before under ``.golive/before/<keep>``.

    Prints ``digest  target``, so that the ledger knows what was written.
    """
    script = sh(
        """umask 077
mkdir -p .golive/before
if [ ! -e .golive/before/{keep} ] && [ ! -e .golive/before/{keep}.none ]; then
    if [ -e {target} ]
    then cp -p {target} .golive/before/{keep}.new && mv .golive/before/{keep}.new .golive/before/{keep}
    else : >.golive/before/{keep}.none; fi
fi
cat >{target}.new && chmod {mode} {target}.new && mv {target}.new {target} && sha256sum {target}
""",
        target=target,
        mode=mode,
        keep=keep,
    )
    return Command("put_file", script, stdin=content.encode())


def restore_file(target: str, keep: str, written: Digest) -> Command:
    """Puts back what ``put_file`` replaced, if what it wrote (``written``) is still there: what somebody else has put
    there since, another release for one, stays."""
    script = sh(
        """rm -f {target}.new
if [ -e {target} ] && ! printf '%s\\n' {line} | sha256sum -c - >/dev/null 2>&1; then
    rm -f .golive/before/{keep} .golive/before/{keep}.none
    echo 'kept: it was changed since'
elif [ -e .golive/before/{keep} ]; then mv .golive/before/{keep} {target}
elif [ -e .golive/before/{keep}.none ]; then rm -f {target} .golive/before/{keep}.none; fi
""",
        target=target,
        keep=keep,
        line=f"{written.removeprefix('sha256:')}  {target}",
    )
    return Command("restore_file", script)


def file_is(target: str, digest: Digest) -> Command:
    """Exits 0 when the file has this digest."""
    line = f"{digest.removeprefix('sha256:')}  {target}"
    return Command("file_is", sh("printf '%s\\n' {line} | sha256sum -c - >/dev/null 2>&1", line=line))


def remove_bundle(placement: Placement) -> Command:
    return Command("remove_bundle", sh("rm -f {bundle} {bundle}.part", bundle=placement.incoming))


_CHECK = r"""tree=$(cat)
lines() { printf '%s\n' "$tree" | grep "$1"; }
names() { lines '^[0-9a-f]' | cut -c 67-; lines '^@'; }
there() {
    find . -type f {kept} | sed 's,^\./,,'
    find . -type l {kept} | while read -r link; do printf '@\t%s\t%s\n' "${link#./}" "$(readlink "$link")"; done
}
sorted() { LC_ALL=C sort; }
check() ( # exactly what the list names, and what may be there beside it
    cd "$1" || exit 1
    [ -z "$(find . ! -type d ! -type f ! -type l {kept} | head -n 1)" ] || exit 1
    [ "$(names | sorted)" = "$(there | sorted)" ] || exit 1
    [ -z "$(lines '^[0-9a-f]' | head -n 1)" ] || lines '^[0-9a-f]' | sha256sum -c - >/dev/null 2>&1
)
"""


def _check(kept: Sequence[str]) -> str:
    """The shell's ``check FOLDER``; the list comes on standard input. ``kept``: paths that it does not look at."""
    return sh(_CHECK, kept=tuple(word for path in kept for word in ("!", "-path", f"./{path}")))


def unpack(placement: Placement, tree: str, kept: Sequence[str]) -> Command:
    """Checks the bundle, unpacks it beside the old release, checks every file, and only then gives it its name.

    ``tree`` is the list of ``tree_of``, ``kept`` what may lie beside it; a release that is there already is checked.
    """
    script = sh(
        """umask 022
if [ -d {directory} ]; then check {directory} || { echo 'the release on disk was changed' >&2; exit 12; }
else
    printf '%s\\n' {line} | sha256sum -c - >/dev/null 2>&1 || { echo 'the bundle was changed on its way' >&2; exit 11; }
    rm -rf {directory}.part
    mkdir {directory}.part
    tar -xzf {bundle} -C {directory}.part || { rm -rf {directory}.part; echo 'cannot unpack' >&2; exit 13; }
    check {directory}.part || { rm -rf {directory}.part; echo 'what was unpacked differs' >&2; exit 12; }
    mv {directory}.part {directory}
fi
""",
        directory=placement.path,
        bundle=placement.incoming,
        line=f"{placement.bundle.removeprefix('sha256:')}  {placement.incoming}",
    )
    return Command("unpack", _check(kept) + script, stdin=tree.encode())


def tree_is(placement: Placement, tree: str, kept: Sequence[str]) -> Command:
    """Exits 0 when the release on disk holds exactly these members, and else only what is ``kept``."""
    return Command("tree_is", _check(kept) + sh("check {directory}", directory=placement.path), stdin=tree.encode())


def remove_release(placement: Placement) -> Command:
    """Removes a release that does not serve, with the note of what was before it; refuses one that serves."""
    script = sh(
        """[ ! -f {root}/control ] || sh {root}/control stop check 2
[ "$(readlink {root}/current 2>/dev/null)" != {link} ] || { echo 'this release serves: not removed' >&2; exit 14; }
rm -rf {directory} {directory}.part {root}/{before}
""",
        root=placement.root,
        before=placement.before,
        link=f"releases/{placement.directory}",
        directory=placement.path,
    )
    return Command("remove_release", script)


def configure(placement: Placement, files: Sequence[tuple[str, str, str]], launch: str) -> Command:
    """Writes rendered files (path, mode, content) and the launcher into the release.

    Contents travel in standard input, one after the other, since they may hold secrets; ``dd`` reads each exactly.
    """
    contents = [(path, mode, text.encode()) for path, mode, text in (*files, (".golive/launch", "0700", launch))]
    steps = [sh("umask 077\ncd {directory} || exit 1\nmkdir -p .golive\n", directory=placement.path)]
    for path, mode, content in contents:
        steps.append(
            sh(
                """mkdir -p "$(dirname {path})"
dd bs=1 count={size} of={path}.new 2>/dev/null && chmod {mode} {path}.new && mv {path}.new {path} || exit 1
""",
                path=path,
                mode=mode,
                size=len(content),
            )
        )
    return Command("configure", "".join(steps), stdin=Secret("".join(content.decode() for _, _, content in contents)))


def is_configured(placement: Placement) -> Command:
    return Command("is_configured", sh("[ -f {file} ]", file=f"{placement.path}/.golive/launch"))


def unconfigure(placement: Placement, files: Sequence[str]) -> Command:
    """Removes the configuration of a release that does not serve; refuses one that does."""
    script = sh(
        """[ "$(readlink {root}/current 2>/dev/null)" != {link} ] || { echo 'this release serves: kept' >&2; exit 14; }
cd {directory} 2>/dev/null || exit 0
rm -f {files} .golive/launch.new .golive/launch
""",
        root=placement.root,
        link=f"releases/{placement.directory}",
        directory=placement.path,
        files=tuple(name for file in files for name in (f"{file}.new", file)),
    )
    return Command("unconfigure", script)
