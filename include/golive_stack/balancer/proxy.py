"""One request from a client to a server and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from golive_stack.balancer.http import (
    HEAD_LIMIT,
    BadMessage,
    Framing,
    Head,
    Reader,
    Writer,
    copy_body,
    framing,
    read_head,
    response_framing,
)
from golive_stack.balancer.upstreams import FAILED_SECONDS, Pool, Server

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
IDLE_SECONDS = 75.0
_REPEATABLE = (b"GET", b"HEAD", b"OPTIONS")


class NoAnswer(Exception):
    """A server took the request and said nothing."""


@dataclass
class Exchange:
    """A request under way. ``begun``: whether a byte of the answer has left for the client."""

    request: Head
    body: Framing
    reader: Reader
    writer: Writer
    begun: bool = False

    @property
    def repeatable(self) -> bool:
        return self.body == Framing(0) and self.request.method in _REPEATABLE


async def serve_client(pool: Pool, reader: Reader, writer: Writer) -> None:
    """All requests of one client connection, one after the other."""
    try:
        while await _one(pool, reader, writer):
            await writer.drain()
    except (ConnectionError, TimeoutError):
        return  # the client is gone or says nothing more: there is nobody to tell
    finally:
        writer.close()


async def _one(pool: Pool, reader: Reader, writer: Writer) -> bool:
    """Serve one request; whether the connection may carry another."""
    try:
        request = await asyncio.wait_for(read_head(reader), IDLE_SECONDS)
        if request is None:
            return False
        exchange = Exchange(request, framing(request, default=0), reader, writer)
    except BadMessage as cause:
        return await _say(writer, b"400 Bad Request", str(cause))
    try:
        return await _forward(pool, exchange)
    except (BadMessage, NoAnswer, ConnectionError, TimeoutError) as cause:
        if exchange.begun:
            return False
        return await _say(writer, b"502 Bad Gateway", str(cause) or type(cause).__name__)


async def _forward(pool: Pool, exchange: Exchange) -> bool:
    clock = asyncio.get_running_loop().time
    tried: frozenset[str] = frozenset()
    while (server := pool.choose(tried, clock())) is not None:
        tried |= {server.name}
        try:
            async with _connected(pool, server) as (reader, writer):
                return await _exchange(exchange, reader, writer)
        except Unreachable:
            continue
        except NoAnswer:
            pool.load(server).failed_until = clock() + FAILED_SECONDS
            if not exchange.repeatable:
                raise
    return await _say(exchange.writer, b"503 Service Unavailable", "no server is up", b"retry-after: 1\r\n")


class Unreachable(Exception):
    """No connection could be made: nothing was sent, so any request may go elsewhere."""


@asynccontextmanager
async def _connected(pool: Pool, server: Server) -> AsyncIterator[tuple[Reader, Writer]]:
    load = pool.load(server)
    load.in_flight += 1
    try:
        reader, writer = await _connect(server)
        try:
            yield reader, writer
        finally:
            writer.close()
    except Unreachable:
        load.failed_until = asyncio.get_running_loop().time() + FAILED_SECONDS
        raise
    finally:
        load.in_flight -= 1


async def _connect(server: Server) -> tuple[Reader, Writer]:
    connection = asyncio.open_connection(server.address, server.port, limit=HEAD_LIMIT)
    try:
        return await asyncio.wait_for(connection, CONNECT_SECONDS)
    except (OSError, TimeoutError) as cause:
        print(f"{server.name} cannot be reached: {cause!r}", flush=True)
        raise Unreachable from cause


async def _exchange(exchange: Exchange, reader: Reader, writer: Writer) -> bool:
    """Send the request, pass the answer back; whether the client's connection may carry another request."""
    peer = str(exchange.writer.get_extra_info("peername")[0]).encode()
    added = ((b"x-forwarded-for", peer), (b"x-forwarded-proto", b"http"), (b"connection", b"close"))
    writer.write(exchange.request.passed_on(*added))
    sending = asyncio.create_task(_send_body(exchange, writer))
    try:
        answer = await _answer(exchange, reader)
        how = response_framing(exchange.request.method, answer)
        keep = how != Framing(None) and sending.done() and _wants_more(exchange.request)
        state = b"keep-alive" if keep else b"close"
        exchange.begun = True
        exchange.writer.write(answer.passed_on((b"connection", state)))
        await copy_body(reader, exchange.writer, how)
        await exchange.writer.drain()
        return keep
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send_body(exchange: Exchange, writer: Writer) -> None:
    """The request's body. When the client cuts it, the server's connection is cut too: half a body is no request."""
    try:
        await copy_body(exchange.reader, writer, exchange.body)
    except (BadMessage, ConnectionError):
        writer.transport.abort()


async def _answer(exchange: Exchange, reader: Reader) -> Head:
    """The final head; interim ones (100 Continue) are passed on. Raises ``NoAnswer``."""
    while True:
        try:
            head = await asyncio.wait_for(read_head(reader), ANSWER_SECONDS)
        except (ConnectionError, BadMessage) as cause:
            raise NoAnswer(f"no usable answer: {cause}") from cause
        if head is None:
            raise NoAnswer("the server closed the connection")
        if not 100 <= head.status < 200:
            return head
        exchange.begun = True
        exchange.writer.write(head.passed_on())
        await exchange.writer.drain()


def _wants_more(request: Head) -> bool:
    return request.start.endswith(b"HTTP/1.1") and not request.says(b"connection", b"close")


async def _say(writer: Writer, status: bytes, why: str, extra: bytes = b"") -> bool:
    """An answer of the balancer itself; the connection closes after it."""
    text = f"{why}\n".encode()
    head = b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n" + extra
    writer.write(head + f"content-length: {len(text)}\r\n\r\n".encode() + text)
    await writer.drain()
    return False
