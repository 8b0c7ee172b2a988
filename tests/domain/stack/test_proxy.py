"""The balancer's way of passing requests on, between real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from golive_stack.balancer.http import HEAD_LIMIT, Reader, Writer
from golive_stack.balancer.proxy import serve_client
from golive_stack.balancer.upstreams import Pool, Server, Upstream

Answerer = Callable[[Reader, Writer], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def answering(reply: bytes, seen: list[bytes] | None = None) -> Answerer:
    """A server that reads one head, notes it, says ``reply`` and closes."""

    async def answer(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(reply)
        await writer.drain()
        writer.close()

    return answer


@asynccontextmanager
async def balanced(*servers: Answerer | int) -> AsyncIterator[tuple[Pool, int]]:
    """A balancer before ``servers`` (a number is a port where nothing listens): its pool and its port."""
    listening = [await asyncio.start_server(s, "127.0.0.1", 0) for s in servers if not isinstance(s, int)]
    ports = iter([server.sockets[0].getsockname()[1] for server in listening])
    pool = Pool()
    places = [s if isinstance(s, int) else next(ports) for s in servers]
    pool.replace(Upstream("api", tuple(Server("127.0.0.1", port) for port in places)))
    balancer = await asyncio.start_server(partial(serve_client, pool), "127.0.0.1", 0, limit=HEAD_LIMIT)
    try:
        yield pool, balancer.sockets[0].getsockname()[1]
    finally:
        for server in (balancer, *listening):
            server.close()


async def ask(port: int, request: bytes) -> bytes:
    """Everything that comes back for ``request`` until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def closing(request: bytes) -> bytes:
    return request.replace(b"\r\nhost", b"\r\nconnection: close\r\nhost")


def dead_port() -> int:
    return 1  # nobody may listen there


def test_an_answer_comes_through_with_who_asked() -> None:
    """The server learns the client's address; what concerns one connection only is not passed on."""

    async def run() -> tuple[bytes, list[bytes]]:
        seen: list[bytes] = []
        async with balanced(answering(OK, seen)) as (_, port):
            request = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close, x-mine\r\nx-mine: 1\r\nx-other: 2\r\n\r\n"
            return await ask(port, request), seen

    answer, seen = asyncio.run(run())
    assert answer == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    assert seen[0].startswith(b"GET /a HTTP/1.1\r\nhost: x\r\nx-other: 2\r\nx-forwarded-for: 127.0.0.1\r\n")
    assert b"x-mine" not in seen[0]


def test_one_connection_carries_many_requests() -> None:
    """A client that keeps its connection is served one request after the other."""

    async def run() -> bytes:
        async with balanced(answering(OK), answering(OK)) as (_, port):
            return await ask(port, GET + GET + closing(GET))

    assert asyncio.run(run()).count(b"HTTP/1.1 200 OK") == 3


def test_a_dead_server_is_passed_over_and_remembered() -> None:
    """Without a connection nothing was sent, so even a POST goes to the next server."""

    async def run() -> tuple[bytes, object]:
        seen: list[bytes] = []
        async with balanced(dead_port(), answering(OK, seen)) as (pool, port):
            request = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc"
            answer = await ask(port, request)
            return answer, pool.status(asyncio.get_running_loop().time())["servers"]

    answer, rows = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert isinstance(rows, list)
    assert [row["state"] for row in rows] == ["failed", "up"]
    assert [row["in_flight"] for row in rows] == [0, 0]


def test_silence_is_asked_elsewhere_only_when_asking_twice_is_harmless() -> None:
    """A server that closes without an answer may have acted: a GET is repeated, a POST is not."""

    async def run(request: bytes) -> tuple[bytes, int]:
        seen: list[bytes] = []
        async with balanced(answering(b"", seen), answering(b"", seen)) as (_, port):
            return await ask(port, request), len(seen)

    assert asyncio.run(run(closing(GET)))[1] == 2
    answer, tried = asyncio.run(run(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"))
    assert (answer[:20], tried) == (b"HTTP/1.1 502 Bad Gat", 1)


def test_without_a_server_the_client_is_told_to_come_back() -> None:
    """503 with ``Retry-After`` when nobody is up."""

    async def run() -> bytes:
        async with balanced(dead_port()) as (_, port):
            return await ask(port, GET)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n folded: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad name: 1\r\n\r\n",
        b"GET /" + b"a" * 70_000,
    ],
)
def test_what_two_programs_could_read_differently_is_refused(request_: bytes) -> None:
    """An ambiguous request is answered 400 and never reaches a server."""

    async def run() -> tuple[bytes, list[bytes]]:
        seen: list[bytes] = []
        async with balanced(answering(OK, seen)) as (_, port):
            return await ask(port, request_), seen

    answer, seen = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert seen == []


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_are_streamed_both_ways(chunked: bool) -> None:
    """Five megabytes go to the server and back unchanged, with a length or in chunks."""
    body = bytes(range(256)) * 20_000
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    wire = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n" if chunked else body
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)

    async def echo(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        left = len(wire)
        while left:
            piece = await reader.read(65_536)
            left -= len(piece)
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def run() -> bytes:
        async with balanced(echo) as (_, port):
            return await ask(port, b"PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + framing + b"\r\n\r\n" + wire)

    assert asyncio.run(run()).partition(b"\r\n\r\n")[2] == wire


def test_a_client_that_goes_away_frees_its_server() -> None:
    """Half a body is no request: the server's connection is cut, and nothing stays in flight."""
    cut = asyncio.Event()

    async def waiting(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            while await reader.read(65_536):
                continue
        except ConnectionError:
            pass
        cut.set()
        writer.close()

    async def run() -> Pool:
        async with balanced(waiting) as (pool, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc")
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.close()
            await asyncio.wait_for(cut.wait(), 5)
            await asyncio.sleep(0.1)
            return pool

    pool = asyncio.run(run())
    assert [load.in_flight for load in pool.loads.values()] == [0]
