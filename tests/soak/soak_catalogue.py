"""A database of ten thousand tables, read and checked."""

import time

from golive.migration.check import check
from golive.migration.endpoint import Endpoint
from golive.migration.mapping_file import MappingFile
from tests.migration.test_catalogue import make_tables, read


def test_ten_thousand_tables_take_seconds(source: Endpoint, target: Endpoint) -> None:
    """Reading the catalogue, and checking an identical schema, are matters of seconds; the figures are printed."""
    for side in (source, target):
        make_tables(side, 10_000)
    began = time.monotonic()
    assert len(read(source).tables) == 10_000
    print(f"\n10,000 tables: catalogue read in {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    assert len(check(MappingFile(), source, target).flows) == 10_000
    print(f"10,000 tables: identity checked in {time.monotonic() - began:.1f} s")
