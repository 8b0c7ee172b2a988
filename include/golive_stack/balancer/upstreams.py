"""The upstream file, in nginx's language, and which server gets the next request.

upstream api {
    server 127.0.0.1:18080;
    server 127.0.0.1:18081 down;
}
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

FAILED_SECONDS = 2.0
_TOKEN = re.compile(r"[{};]|[^\s{};]+")


class UpstreamInvalid(Exception):
    """The file cannot be used; the message names the line."""


@dataclass(frozen=True)
class Server:
    """A line of the file. A ``down`` server gets no new request."""

    address: str
    port: int
    down: bool = False

    @property
    def name(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Upstream:
    """The one block of a file. An empty file is an upstream without servers."""

    name: str
    servers: tuple[Server, ...]


def parse(text: str) -> Upstream:
    """The file as a value. Raises ``UpstreamInvalid``: unknown words, two blocks, a server named twice."""
    tokens = _tokens(text)
    first = next(tokens, None)
    if first is None:
        return Upstream("", ())
    _expect(first, "upstream")
    name = _word(tokens)
    _expect(_next(tokens), "{")
    servers = tuple(_servers(tokens))
    if (extra := next(tokens, None)) is not None:
        raise UpstreamInvalid(f"line {extra[0]}: one upstream block is all this file may hold, found {extra[1]!r}")
    names = [server.name for server in servers]
    if len(set(names)) < len(names):
        raise UpstreamInvalid(f"upstream {name}: a server is named twice")
    return Upstream(name, servers)


_Token = tuple[int, str]


def _tokens(text: str) -> Iterator[_Token]:
    for number, line in enumerate(text.splitlines(), 1):
        for found in _TOKEN.finditer(line.partition("#")[0]):
            yield number, found.group()


def _next(tokens: Iterator[_Token]) -> _Token:
    token = next(tokens, None)
    if token is None:
        raise UpstreamInvalid("the file ends inside a block")
    return token


def _word(tokens: Iterator[_Token]) -> str:
    line, word = _next(tokens)
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", word):
        raise UpstreamInvalid(f"line {line}: {word!r} is no name")
    return word


def _expect(token: _Token, word: str) -> None:
    if token[1] != word:
        raise UpstreamInvalid(f"line {token[0]}: expected {word!r}, found {token[1]!r}")


def _servers(tokens: Iterator[_Token]) -> Iterator[Server]:
    while (token := _next(tokens))[1] != "}":
        _expect(token, "server")
        line, place = _next(tokens)
        end = _next(tokens)
        down = end[1] == "down"
        _expect(_next(tokens) if down else end, ";")
        yield _server(line, place, down)


def _server(line: int, place: str, down: bool) -> Server:
    address, _, port = place.rpartition(":")
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise UpstreamInvalid(f"line {line}: {place!r} is no IPv4 address with a port") from None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise UpstreamInvalid(f"line {line}: {place!r} has no valid port")
    return Server(address, int(port), down)


@dataclass
class Load:
    """What a server is doing now. ``failed_until`` is on the loop's monotonic clock, in seconds."""

    in_flight: int = 0
    failed_until: float = 0.0
    last_turn: int = 0


@dataclass
class Pool:
    """The servers in use and their load. A reload changes who gets new requests; running ones finish."""

    upstream: Upstream = Upstream("", ())
    generation: int = 1
    loads: dict[str, Load] = field(default_factory=dict)
    _turns: "count[int]" = field(default_factory=lambda: count(1))

    def replace(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.generation += 1
        kept = {server.name for server in upstream.servers}
        self.loads = {name: load for name, load in self.loads.items() if name in kept or load.in_flight}

    def choose(self, tried: frozenset[str], now: float) -> Server | None:
        """The least busy server that is up and not ``tried``; one that failed lately only if there is no other."""
        open_ones = [s for s in self.upstream.servers if not s.down and s.name not in tried]
        if not open_ones:
            return None

        def rank(server: Server) -> tuple[bool, int, int]:
            load = self.load(server)
            return load.failed_until > now, load.in_flight, load.last_turn

        chosen = min(open_ones, key=rank)
        self.load(chosen).last_turn = next(self._turns)
        return chosen

    def load(self, server: Server) -> Load:
        return self.loads.setdefault(server.name, Load())

    def status(self, now: float) -> dict[str, object]:
        """``{generation, upstream, servers: [{server, state: up|down|failed|draining, in_flight}]}``."""
        rows = [self._row(s.name, "down" if s.down else "up", now) for s in self.upstream.servers]
        named = {server.name for server in self.upstream.servers}
        rows += [
            self._row(name, "draining", now) for name, load in self.loads.items() if self._drains(name, named, load)
        ]
        return {"generation": self.generation, "upstream": self.upstream.name, "servers": rows}

    @staticmethod
    def _drains(name: str, named: set[str], load: Load) -> bool:
        return name not in named and load.in_flight > 0

    def _row(self, name: str, state: str, now: float) -> dict[str, object]:
        load = self.loads.get(name, Load())
        failed = state == "up" and load.failed_until > now
        return {"server": name, "state": "failed" if failed else state, "in_flight": load.in_flight}
