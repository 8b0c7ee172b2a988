"""The JSON schemas that editors read. ``python -m golive.release.schema FOLDER`` writes them again."""

import json
import sys
from pathlib import Path

from golive.release.base import Model
from golive.release.environment import Environment
from golive.release.manifest import Manifest

MODELS: dict[str, type[Model]] = {"manifest": Manifest, "environment": Environment}
DEFAULT_FOLDER = Path("docs/schema")


def schema_text(name: str) -> str:
    """The schema of ``manifest`` or ``environment`` as it is published."""
    return published(MODELS[name])


def published(model: type[Model]) -> str:
    """A model's JSON schema (draft 2020-12): two spaces, one final line break. It tells shapes; the reader more."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> None:
    """Write ``NAME.schema.json`` for each model, making the folder when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER)
