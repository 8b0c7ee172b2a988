"""The record: events that only grow, signed, verified, with the evidence they name."""

from golive.ledger.events import Event, NewEvent
from golive.ledger.export import export_evidence, verify_export
from golive.ledger.install import create_reader, create_writer, install
from golive.ledger.ledger import Ledger
from golive.ledger.problems import Problem
from golive.ledger.signing import Signer, generate_key, load_public_keys
from golive.ledger.verify import verify

__all__ = [
    "Event",
    "Ledger",
    "NewEvent",
    "Problem",
    "Signer",
    "create_reader",
    "create_writer",
    "export_evidence",
    "generate_key",
    "install",
    "load_public_keys",
    "verify",
    "verify_export",
]
