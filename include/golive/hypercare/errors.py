"""Errors of the hypercare room.

InputError
├── KpiMisfit           a KPI of the manifest does not fit the catalogue's
├── MeasureUnknown      no such measure or condition
├── IncidentUnknown     no such incident in this release
├── ScenarioInvalid     a scenario to simulate cannot be read
└── WordsMissing        a text that the record needs is empty or too long
RefusedError
├── NotInHypercare      it has not begun, or has ended
├── NotYours            this person may not say that
├── StepRefused         the incident is past that, or not there yet
├── NotReady            what is missing for handing over
├── SignatureStale      the certificate is not the one that was signed before
├── EndInvalid          an extension does not extend
└── DowntimeInvalid     an interruption that is not announced before it begins
"""

from golive.errors import InputError, RefusedError
from golive.texts import text


class KpiMisfit(InputError):
    """``kpi``, ``unit``, ``better``: what the catalogue says."""

    key = "hypercare.kpi_misfit"


class MeasureUnknown(InputError):
    """``name``, ``known``."""

    key = "hypercare.measure_unknown"


class IncidentUnknown(InputError):
    """``incident``, ``known``."""

    key = "hypercare.incident_unknown"


class ScenarioInvalid(InputError):
    """``source``, ``why``: a key of the catalogue and its facts, or words."""

    key = "hypercare.scenario_invalid"


class WordsMissing(InputError):
    """``longest``: characters that the text may have."""

    key = "hypercare.words_missing"


class NotInHypercare(RefusedError):
    """``release``, ``environment``."""

    key = "hypercare.not_in_hypercare"


class NotYours(RefusedError):
    """``person``, ``role``, ``people``: who may."""

    key = "hypercare.not_yours"


class StepRefused(RefusedError):
    """``incident``, ``step``."""

    key = "hypercare.step_refused"

    def message(self, locale: str) -> str:
        step = text(f"hypercare.step_{self.data['step']}", locale)
        return text(self.key, locale, **{**self.data, "step": step})


class NotReady(RefusedError):
    """``missing``: a tuple of ``exit.Missing``."""

    key = "hypercare.not_ready"

    def message(self, locale: str) -> str:
        lines = [f"- {part.words(locale)}" for part in self.data["missing"]]
        return "\n".join([text(self.key, locale, count=len(lines)), *lines])


class SignatureStale(RefusedError):
    """``person``: who signed another certificate."""

    key = "hypercare.signature_stale"


class EndInvalid(RefusedError):
    """``until``, ``end``: ISO dates."""

    key = "hypercare.end_invalid"


class DowntimeInvalid(RefusedError):
    """``starts``, ``ends``: ISO moments."""

    key = "hypercare.downtime_invalid"
