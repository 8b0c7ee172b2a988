"""What the ledger can say no with; the tree's root is in ``golive.errors``."""

from golive.errors import InputError, LedgerError, RefusedError


class LedgerUnreachable(LedgerError):
    """``where`` (host, port, database), ``cause``. An append that ends so may or may not have been written."""

    key = "ledger.unreachable"


class LedgerBusy(LedgerError):
    """``what``, ``cause``: a lock or a statement took longer than it may. Nothing was written."""

    key = "ledger.busy"


class LedgerNotInstalled(LedgerError):
    """``where``: the database holds no ledger."""

    key = "ledger.not_installed"


class LedgerReadOnly(LedgerError):
    """``where``: there is no signing key, or the login may only read."""

    key = "ledger.read_only"


class LedgerRefused(LedgerError):
    """``where``, ``cause``: PostgreSQL refused a statement, e.g. for a missing right."""

    key = "ledger.refused"


class LedgerBroken(LedgerError):
    """``stream``, ``sequence``: the chain does not hold there, so nothing is built upon it."""

    key = "ledger.broken"


class LedgerUrlInvalid(InputError):
    """The address of the ledger cannot be read. It carries no data: it may hold a password."""

    key = "ledger.url_invalid"


class EventInvalid(InputError):
    """``kind``, ``cause``: a float, a NUL, a lone surrogate or another thing that has no canonical form."""

    key = "ledger.event_invalid"


class LeaseHeld(RefusedError):
    """``target``, ``holder``, ``token``: someone else works on that target."""

    key = "ledger.lease_held"


class EvidenceMissing(LedgerError):
    """``digest``: nothing is stored under it."""

    key = "ledger.evidence_missing"


class EvidenceCorrupt(LedgerError):
    """``digest``: what is stored under it is something else."""

    key = "ledger.evidence_corrupt"


class KeyFileMissing(InputError):
    """``path``."""

    key = "ledger.key_missing"


class KeyFileTooOpen(InputError):
    """``path``, ``mode`` (octal text): others can read the signing key, so it proves nothing."""

    key = "ledger.key_too_open"


class KeyFileInvalid(InputError):
    """``path``: not an Ed25519 key in PEM form."""

    key = "ledger.key_invalid"


class KeyFileExists(InputError):
    """``path``: a key is never overwritten, since what it signed would lose its proof."""

    key = "ledger.key_exists"


class HeadsUnwritable(LedgerError):
    """``path``, ``cause``: the batch is committed, but its head could not be kept outside the database."""

    key = "ledger.heads_unwritable"


class ExportInvalid(InputError):
    """``path``, ``cause``: not an evidence export that can be read."""

    key = "ledger.export_invalid"
