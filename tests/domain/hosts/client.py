"""A client to be killed: it logs in, operates once, and ends."""

import asyncio

from golive.hosts.ssh import connect
from golive.hosts.values import Credentials, HostAddress, Operation
from golive.secret import Secret


def operate_as_client(address: HostAddress, private_key: str, operation: Operation) -> None:
    async def main() -> None:
        async with connect(address, Credentials(private_key=Secret(private_key))) as host:
            await host.operate(operation, timeout=20)

    asyncio.run(main())
