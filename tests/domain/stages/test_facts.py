"""Facts of hosts, asked over a real SSH server: who is not who it should be is told apart from who is silent."""

import asyncio
from pathlib import Path

import asyncssh
import pytest

from golive.checks.values import Result, Verdict
from golive.ledger import Ledger
from golive.release.plan import PlannedStep
from golive.stages.bench import bench
from golive.stages.definition import Scope
from golive.stages.facts import observe_facts
from golive.stages.runtime import Connection, Runtime
from tests.domain.hosts import servers
from tests.domain.release.example import environment, manifest
from tests.domain.stages.history import run


def test_a_wrong_host_key_is_a_failure_and_silence_is_not(ledger: Ledger, tmp_path: Path) -> None:
    """Nobody tries again what is a wrong host; a host that does not answer may answer later."""
    if servers.SSHD is None:
        pytest.skip("sshd is not installed")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    place = environment()
    with servers.sshd(tmp_path) as server:
        address = server.address
        known = {"address": address.address, "port": address.port, "user": address.user, "host_key": address.host_key}
        hosts = {
            "app1": place.hosts["app1"].model_copy(update={**known, "host_key": other}),
            "app2": place.hosts["app2"].model_copy(update={**known, "port": 1}),
            "app3": place.hosts["app3"].model_copy(update=known),
        }
        scope = Scope(manifest(), place.model_copy(update={"hosts": hosts, "tools": {}}), {}, {}, {}, _connection)

        async def look() -> tuple[Verdict, ...]:
            steps = [PlannedStep("environment", "facts", f"host:{name}", None, False, "", None, True) for name in hosts]
            async with bench(Runtime(ledger, run(), _connection), scope) as tools:
                return await observe_facts(tools, tuple(steps))

        verdicts = asyncio.run(look())
    assert [verdict.result for verdict in verdicts[:2]] == [Result.FAIL, Result.INCONCLUSIVE]
    assert "key" in verdicts[0].detail
    assert "key" not in verdicts[2].detail


def _connection(_name: str) -> Connection:
    return Connection("", 0, "", private_key=servers.CREDENTIALS.private_key)
