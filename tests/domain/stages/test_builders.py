"""What is sent to a host, word for word, for the steps that matter most."""

from golive.secret import Secret
from golive.stages import host_steps, switch
from golive.stages.layout import Placement
from tests.domain.stages.history import PLACEMENT

DIRECTORY = PLACEMENT.directory
ROOT = "components/api"


def test_a_placement_says_where_things_lie() -> None:
    """The folder's name begins with the version and is the release's own, also for the same artifact."""
    assert (PLACEMENT.root, PLACEMENT.path) == (ROOT, f"{ROOT}/releases/{DIRECTORY}")
    assert PLACEMENT.incoming == f"{ROOT}/incoming/{DIRECTORY}.tar.gz"
    other = Placement("another-release", *(getattr(PLACEMENT, name) for name in _REST))
    assert DIRECTORY.startswith("2.0.0-")
    assert other.directory != DIRECTORY


_REST = ("component", "version", "artifact", "bundle", "bundle_size", "tree")


def test_switch() -> None:
    """Notes what was before, stops it, renames the link, starts the new one; any of it that fails ends it."""
    command = switch.switch(PLACEMENT, 18080, 10)
    assert command.stdin is None
    assert (
        command.script
        == f"""umask 077
cd {ROOT} || exit 1
old=$(readlink current 2>/dev/null)
old=${{old#releases/}}
if [ "$old" != {DIRECTORY} ]; then
    printf '%s\\n' "$old" >run/before-{DIRECTORY}.new && mv run/before-{DIRECTORY}.new run/before-{DIRECTORY} || exit 1
fi
sh ./control stop live 10 || exit 1
ln -sfn releases/{DIRECTORY} run/current.new && mv -T run/current.new current || exit 1
sh ./control start live {DIRECTORY} 18080
"""
    )


def test_switch_back() -> None:
    """Only where this release, or what it replaced, is current."""
    assert (
        switch.switch_back(PLACEMENT, 18080, 10).script
        == f"""cd {ROOT} 2>/dev/null || exit 0
rm -f run/current.new run/before-{DIRECTORY}.new
[ -e run/before-{DIRECTORY} ] || exit 0
read -r old <run/before-{DIRECTORY}
now=$(readlink current 2>/dev/null)
now=${{now#releases/}}
[ "$now" = {DIRECTORY} ] || [ "$now" = "$old" ] || exit 0
if [ "$now" = {DIRECTORY} ]; then
    sh ./control stop live 10 || exit 1
    if [ -n "$old" ]
    then ln -sfn "releases/$old" run/current.new && mv -T run/current.new current || exit 1
    else rm -f current || exit 1; fi
fi
[ -z "$old" ] || sh ./control start live "$old" 18080
"""
    )


def test_upstream() -> None:
    """nginx's own words; a drained server stays in the file, marked down."""
    servers = [("10.0.0.1", 18080), ("10.0.0.2", 18090)]
    assert switch.upstream("api", servers, serving=True) == (
        "upstream api {\n    server 10.0.0.1:18080;\n    server 10.0.0.2:18090;\n}\n"
    )
    assert "server 10.0.0.2:18090 down;" in switch.upstream("api", servers, serving=False)


def test_set_upstream() -> None:
    """What was before is kept once; a balancer that refuses gets its old file back."""
    command = switch.set_upstream("admit", "lb/up stream.conf", "upstream api {}\n", ["bin/reload", "a b"], "r-api")
    assert (command.name, command.stdin) == ("admit", b"upstream api {}\n")
    file, refusal = "'lb/up stream.conf'", "echo 'the balancer refused the upstream file' >&2; exit 1;"
    assert (
        command.script
        == f"""umask 077
mkdir -p .golive/before
[ -e .golive/before/r-api ] || [ ! -e {file} ] ||
    {{ cp {file} .golive/before/r-api.new && mv .golive/before/r-api.new .golive/before/r-api; }}
cp {file} {file}.old 2>/dev/null
cat >{file}.new && mv {file}.new {file} || exit 1
bin/reload 'a b' || {{ [ ! -e {file}.old ] || mv {file}.old {file}; {refusal} }}
rm -f {file}.old
"""
    )


def test_unpack() -> None:
    """The bundle's digest before anything is unpacked, each file's after, and the name last."""
    command = host_steps.unpack(PLACEMENT, "aa  bin/serve\n", ("etc/app.conf",))
    path, incoming = PLACEMENT.path, PLACEMENT.incoming
    assert command.stdin == b"aa  bin/serve\n"
    lines = command.script.splitlines()
    assert lines[0] == "tree=$(cat)"
    assert "    find . -type f '!' -path ./etc/app.conf | sed 's,^\\./,,'" in lines
    refusal = "{ echo 'the bundle was changed on its way' >&2; exit 11; }"
    order = [
        f"    printf '%s\\n' '{'d' * 64}  {incoming}' | sha256sum -c - >/dev/null 2>&1 || {refusal}",
        f"    tar -xzf {incoming} -C {path}.part || {{ rm -rf {path}.part; echo 'cannot unpack' >&2; exit 13; }}",
        f"    check {path}.part || {{ rm -rf {path}.part; echo 'what was unpacked differs' >&2; exit 12; }}",
        f"    mv {path}.part {path}",
    ]
    assert [line for line in lines if line in order] == order


def test_configure() -> None:
    """Contents, which may hold secrets, travel beside the script; the launcher is written last."""
    conf, launch = "etc/app.conf", ".golive/launch"
    files = [("etc/app.conf", "0640", "password = geheim $(rm)\n")]
    command = host_steps.configure(PLACEMENT, files, "#!/bin/sh\n")
    assert isinstance(command.stdin, Secret)
    assert command.stdin.reveal() == "password = geheim $(rm)\n#!/bin/sh\n"
    assert "geheim" not in repr(command)
    assert (
        command.script
        == f"""umask 077
cd {PLACEMENT.path} || exit 1
mkdir -p .golive
mkdir -p "$(dirname {conf})"
dd bs=1 count=24 of={conf}.new 2>/dev/null && chmod 0640 {conf}.new && mv {conf}.new {conf} || exit 1
mkdir -p "$(dirname {launch})"
dd bs=1 count=10 of={launch}.new 2>/dev/null && chmod 0700 {launch}.new && mv {launch}.new {launch} || exit 1
"""
    )
