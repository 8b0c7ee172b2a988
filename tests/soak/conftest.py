"""The migration's databases, for what takes long."""

from tests.migration.conftest import postgres, source, target

__all__ = ["postgres", "source", "target"]
