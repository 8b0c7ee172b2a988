"""The balancer's process: ``python -m golive_stack.balancer.service --home FOLDER --port PORT``.

It serves clients on PORT and its own host's commands on a second port, which only ``balancer/control.json``
(private to the host's user) tells, with the word that must be said.
"""

import argparse
import asyncio
import hmac
import json
import os
import secrets
from functools import partial
from pathlib import Path

from golive_stack.balancer.http import HEAD_LIMIT, Reader, Writer
from golive_stack.balancer.proxy import serve_client
from golive_stack.balancer.upstreams import Pool, UpstreamInvalid, parse
from golive_stack.files import write_private

UPSTREAM_FILE = Path("balancer", "upstream.conf")
CONTROL_FILE = Path("balancer", "control.json")


async def run(home: Path, port: int) -> None:
    """Serve until cancelled. An unusable file at the start leaves the balancer without servers, and says so."""
    pool = Pool()
    print(reload(pool, home).get("error", "started"), flush=True)
    word = secrets.token_hex(16)
    clients = await asyncio.start_server(partial(serve_client, pool), "127.0.0.1", port, limit=HEAD_LIMIT)
    control = await asyncio.start_server(partial(_command, pool, home, word), "127.0.0.1", 0)
    told = {"port": control.sockets[0].getsockname()[1], "word": word, "pid": os.getpid()}
    write_private(home / CONTROL_FILE, json.dumps(told))
    async with clients, control:
        await asyncio.gather(clients.serve_forever(), control.serve_forever())


def reload(pool: Pool, home: Path) -> dict[str, object]:
    """Read the file and switch to it, or keep what there is: ``{"error": why}`` or ``{}``."""
    try:
        upstream = parse((home / UPSTREAM_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, UpstreamInvalid) as cause:
        return {"error": f"{UPSTREAM_FILE}: {cause}"}
    pool.replace(upstream)
    return {}


async def _command(pool: Pool, home: Path, word: str, reader: Reader, writer: Writer) -> None:
    try:
        asked = json.loads(await asyncio.wait_for(reader.readline(), 5))
        if not hmac.compare_digest(str(asked.get("word")), word):
            return
        problem = reload(pool, home) if asked.get("ask") == "reload" else {}
        answer = problem or pool.status(asyncio.get_running_loop().time())
        print(f"{asked.get('ask')}: {json.dumps(answer)}", flush=True) if asked.get("ask") == "reload" else None
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    except (OSError, TimeoutError, ValueError) as cause:
        print(f"a command was cut: {cause}", flush=True)
    finally:
        writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.home, arguments.port))


if __name__ == "__main__":
    main()
