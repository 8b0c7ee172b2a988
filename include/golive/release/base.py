"""What all models of a manifest or environment share."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from golive.release.shapes import Text


class Model(BaseModel):
    """Frozen, strict, and without room for a key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    def as_data(self) -> dict[str, Any]:
        """The value as JSON types, without floats and without what equals its default.

        Leaving defaults out keeps a digest the same when a later version of Golive knows one more optional key.
        So within one ``schema`` number a default never changes.
        """
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return data


class Localized(Model):
    """One text in each language."""

    ko: Text
    en: Text

    def of(self, locale: str) -> str:
        """The text in ``locale``. Raises ``KeyError`` for another than ``ko`` and ``en``."""
        return {"ko": self.ko, "en": self.en}[locale]
