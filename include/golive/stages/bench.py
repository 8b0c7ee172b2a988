"""The bench of one task: one connection to each host it needs, opened once and closed at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from golive.checks.http import HttpExpectation, probe_http
from golive.checks.values import Verdict
from golive.hosts.host import Host
from golive.hosts.ssh import connect
from golive.hosts.values import Credentials, HostAddress
from golive.stages.definition import Scope
from golive.stages.runtime import Runtime


class Bench:
    """Hosts and checks for the steps of one task. Use ``bench(runtime, scope)``."""

    def __init__(self, runtime: Runtime, scope: Scope, stack: AsyncExitStack) -> None:
        self.runtime = runtime
        self.scope = scope
        self._stack = stack
        self._hosts: dict[str, asyncio.Task[Host]] = {}

    async def host(self, name: str) -> Host:
        """The connection to a host of the environment. Raises the hosts package's errors."""
        if name not in self._hosts:
            self._hosts[name] = asyncio.create_task(self._connect(name))
        return await self._hosts[name]

    async def _connect(self, name: str) -> Host:
        host = self.scope.environment.hosts[name]
        known = self.scope.connection(host.connection)
        address = HostAddress(name, host.address, host.port, host.user, host.host_key)
        credentials = Credentials(known.private_key, known.passphrase, known.password)
        return await self._stack.enter_async_context(connect(address, credentials))

    async def ask(self, name: str, port: int, path: str, what: HttpExpectation, label: str) -> Verdict:
        """An HTTP check of a service on a host's own loopback, through the SSH connection."""
        host = await self.host(name)
        async with host.forward(port) as local:
            url = f"http://127.0.0.1:{local}{path}"
            return await probe_http(label, url, what, allowed=[("127.0.0.1", local)])

    async def ask_outside(self, address: str, port: int, path: str, what: HttpExpectation, label: str) -> Verdict:
        """An HTTP check of an address that the inventory names, as the world sees it."""
        return await probe_http(label, f"http://{address}:{port}{path}", what, allowed=[(address, port)])


@asynccontextmanager
async def bench(runtime: Runtime, scope: Scope) -> AsyncIterator[Bench]:
    """A bench whose connections close when the block ends, whatever happened in it."""
    async with AsyncExitStack() as stack:
        yield Bench(runtime, scope, stack)
