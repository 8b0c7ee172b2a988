"""What the command line itself refuses.

InputError: FileKindUnknown, PersonUnknown, ReasonMissing, OutputExists, OutputUnwritable
LedgerError: LedgerNotConfigured, SettingMissing, SettingUnusable, RecordBroken
"""

from golive.errors import InputError, LedgerError
from golive.texts import text


class FileKindUnknown(InputError):
    """``file``: neither a release nor an environment."""

    key = "cli.file_kind_unknown"


class PersonUnknown(InputError):
    """Nobody can be named as the one who acts: no option, no setting, no usable login name."""

    key = "cli.person_unknown"


class ReasonMissing(InputError):
    """``longest``: characters that a reason may have."""

    key = "cli.reason_missing"


class OutputExists(InputError):
    """``file`` is there already."""

    key = "cli.output_exists"


class OutputUnwritable(InputError):
    """``file``, ``cause``."""

    key = "cli.output_unwritable"


class LedgerNotConfigured(LedgerError):
    """No address of a ledger is known."""

    key = "cli.ledger_not_configured"


class SettingMissing(LedgerError):
    """``name``: a variable that this command needs beside the ledger's address."""

    key = "cli.setting_missing"

    def message(self, locale: str) -> str:
        what = text(f"cli.setting_{self.data['name'].lower()}", locale)
        return text(self.key, locale, name=self.data["name"], what=what)


class SettingUnusable(LedgerError):
    """``name``, ``path``, ``cause``: what a variable names cannot be read."""

    key = "cli.setting_unusable"


class RecordBroken(LedgerError):
    """``count`` problems were found in the record."""

    key = "cli.record_broken"
