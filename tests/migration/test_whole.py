"""All pieces together, between owners who are no superusers, while an application writes until it is refused."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from golive.migration.aside import put_aside
from golive.migration.build import build
from golive.migration.capture import begin_capture, end_capture
from golive.migration.catch_up import catch_up
from golive.migration.endpoint import Endpoint
from golive.migration.errors import HandedOver
from golive.migration.final import final_sync
from golive.migration.freeze import is_frozen
from golive.migration.holds import validate
from golive.migration.load import load
from golive.migration.passes import run_pass
from golive.migration.planning import plan_chunks
from golive.migration.prepare import prepare
from golive.migration.sequences import set_sequences
from golive.migration.settings import Capture
from golive.migration.verify import unit_verifier, verify_in_snapshot, verify_objects
from tests.migration.checker import wrong
from tests.migration.owners import owner
from tests.migration.processes import writer
from tests.migration.shop import shop, write
from tests.migration.test_passes import CUSTOMERS, ORDERS


@pytest.mark.parametrize("capture", ["triggers", "pgoutput"])
def test_a_migration_from_its_beginning_to_the_hand_over(source: Endpoint, target: Endpoint, capture: Capture) -> None:
    """Loaded in chunks, settled, built, caught up, verified and handed over under random writes: nothing is wrong."""
    options = () if capture == "triggers" else ("REPLICATION",)
    with ExitStack() as stack:
        old, new = stack.enter_context(owner(source, *options)), stack.enter_context(owner(target))
        migration = replace(shop(old, new, capture), token=3)
        write(old, CUSTOMERS, ORDERS)
        with writer(source, 5, 40):
            prepare(migration)
            begin_capture(migration)
            plan_chunks(migration)
            put_aside(migration)
            load(migration)
            run_pass(migration, "settle")
            build(migration)
            catch_up(migration, 5)
            run_pass(migration, "verify", lambda name: verify_in_snapshot(migration, name).require_equal())
            final_sync(migration, 60, unit_verifier(migration), lambda _source, _target: set_sequences(migration))
        assert wrong(old, new) == {}
        with new.session("test") as session:
            validate(session, migration)
        assert verify_objects(migration) == ()
        with pytest.raises(HandedOver):
            run_pass(migration)
        end_capture(migration, keep_freeze=True)
        assert is_frozen(migration)
        end_capture(migration)
