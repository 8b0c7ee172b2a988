"""Schema scripts as values."""

import pytest

from golive.migration.ddl.scripts import read_scripts
from golive.migration.errors import ScriptsInvalid

UP, DOWN = "CREATE TABLE t ();", "DROP TABLE t;"


def test_files_become_scripts_in_order():
    """Number, name and both halves, whatever the folder and the order of the files."""
    files = {"x/0002_b.down.sql": DOWN, "x/0002_b.up.sql": UP, "x/0001_a.up.sql": UP, "x/0001_a.down.sql": DOWN}
    assert [(s.number, s.name, s.up, s.down, s.transactional) for s in read_scripts(files)] == [
        (1, "a", UP, DOWN, True),
        (2, "b", UP, DOWN, True),
    ]


def test_directives_are_read_from_the_top_only():
    """A comment further down is no directive."""
    top = "-- golive: irreversible because rows are merged\n" + UP
    inside = UP + "\n-- golive: no transaction\n"
    (first, second) = read_scripts({"0001_a.up.sql": top, "0002_b.up.sql": inside, "0002_b.down.sql": DOWN})
    assert first.irreversible == "rows are merged"
    assert second.transactional


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"0001_a.sql": UP}, "not NNNN_name"),
        ({"0001_A.up.sql": UP}, "not NNNN_name"),
        ({"../0001_a.up.sql; rm -rf": UP}, "not NNNN_name"),
        ({"0001_a.up.sql": UP}, "no .down.sql"),
        ({"0001_a.down.sql": DOWN}, "no .up.sql"),
        ({"0001_a.up.sql": "-- golive: irreversible because x\n" + UP, "0001_a.down.sql": DOWN}, "yet with"),
        ({"0001_a.up.sql": "-- golive: no transaction\n" + UP, "0001_a.down.sql": DOWN}, "done when"),
        ({"0001_a.up.sql": "-- golive: done when SELECT true\n" + UP, "0001_a.down.sql": DOWN}, "only for"),
        ({"0001_a.up.sql": UP, "0001_a.down.sql": DOWN, "0003_b.up.sql": UP, "0003_b.down.sql": DOWN}, "0002"),
        ({"0001_a.up.sql": UP, "0001_a.down.sql": DOWN, "0001_b.up.sql": UP, "0001_b.down.sql": DOWN}, "0002"),
    ],
)
def test_what_is_wrong_is_named(files: dict[str, str], why: str):
    """Each problem says which script and what to do."""
    with pytest.raises(ScriptsInvalid) as caught:
        read_scripts(files)
    assert why in caught.value.data["problems"]


def test_all_problems_come_at_once():
    """Nobody mends scripts in rounds."""
    with pytest.raises(ScriptsInvalid) as caught:
        read_scripts({"0001_a.up.sql": UP, "0002_b.down.sql": DOWN, "readme.txt": ""})
    assert caught.value.data["count"] == 3
