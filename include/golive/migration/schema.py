"""The JSON schema of a mapping, for editors. ``python -m golive.migration.schema FOLDER`` writes it again."""

import sys
from pathlib import Path

from golive.migration.mapping import DataMapping
from golive.release.schema import DEFAULT_FOLDER, published

FILE = "mapping.schema.json"


def mapping_schema() -> str:
    return published(DataMapping)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    (folder / FILE).write_text(mapping_schema(), encoding="utf-8")
