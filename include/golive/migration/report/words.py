"""The reports' words, in one language."""

from dataclasses import dataclass

from golive.texts import text


@dataclass(frozen=True)
class Words:
    """``locale`` is ``ko`` or ``en``; the texts are those of the area ``migration_report``."""

    locale: str

    def __call__(self, key: str, **data: object) -> str:
        return text(f"migration_report.{key}", self.locale, **data)

    def row(self, keys: str) -> tuple[str, ...]:
        """A table's headers, by their names."""
        return tuple(self(f"col_{key}") for key in keys.split())
