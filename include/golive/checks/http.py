"""A check over HTTP: the status, a text in the body, and how long it took."""

import asyncio
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import httpx

from golive.checks.errors import AddressNotInInventory, ExpectationInvalid
from golive.checks.values import Address, Result, Verdict, allow, cause, shown
from golive.texts import text

BODY_BYTES = 1024 * 1024
_HOPS = 3
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpExpectation:
    """What a right answer is. ``contains`` is looked for in the first MiB of the body.

    ``timeout_seconds`` bounds one attempt from connecting to the last byte; ``maximum_ms`` is the slowest right answer.
    Raises ``ExpectationInvalid``.
    """

    status: int = 200
    contains: str | None = None
    maximum_ms: int | None = None
    timeout_seconds: int = 5
    attempts: int = 1
    interval_ms: int = 250

    def __post_init__(self) -> None:
        if self.contains == "":
            raise ExpectationInvalid(problem="contains: ''")
        for name in ("timeout_seconds", "attempts"):
            if getattr(self, name) < 1:
                raise ExpectationInvalid(problem=f"{name}: {getattr(self, name)}")


@dataclass(frozen=True)
class _Answer:
    status: int
    words: str
    took_ms: int


def http_check(
    name: str, url: str, expectation: HttpExpectation, *, allowed: Collection[Address], locale: str = "en"
) -> Verdict:
    """As ``probe_http``, where no event loop runs."""
    return asyncio.run(probe_http(name, url, expectation, allowed=allowed, locale=locale))


async def probe_http(
    name: str, url: str, expectation: HttpExpectation, *, allowed: Collection[Address], locale: str = "en"
) -> Verdict:
    """Ask until an answer is right or all attempts are spent.

    INCONCLUSIVE only if no attempt got an answer within its time; else the last answer that was wrong is the FAIL.
    Raises ``AddressNotInInventory`` before anything is sent.
    """
    target = _parsed(url)
    _allow(target, allowed)
    verdicts: list[Verdict] = []
    async with _client(expectation.timeout_seconds) as client:
        for attempt in range(expectation.attempts):
            if attempt:
                await asyncio.sleep(expectation.interval_ms / 1000)
            verdicts.append(await _attempt(name, client, target, expectation, locale))
            if verdicts[-1].result is Result.PASS:
                return verdicts[-1]
    wrong = [verdict for verdict in verdicts if verdict.result is Result.FAIL]
    return (wrong or verdicts)[-1]


async def _attempt(
    name: str, client: httpx.AsyncClient, target: httpx.URL, expectation: HttpExpectation, locale: str
) -> Verdict:
    try:
        async with asyncio.timeout(expectation.timeout_seconds):
            answer = await _ask(client, target, expectation.status)
    except TimeoutError:
        words = text("checks.no_answer_in_time", locale, seconds=expectation.timeout_seconds)
        return Verdict(name, Result.INCONCLUSIVE, words)
    except AddressNotInInventory as error:
        return Verdict(name, Result.FAIL, text("checks.redirected_away", locale, address=error.data["address"]))
    except httpx.HTTPError as error:
        answered = isinstance(error, httpx.ProtocolError) or _comes_from_tls(error)
        result, key = (Result.FAIL, "not_http") if answered else (Result.INCONCLUSIVE, "unreachable")
        return Verdict(name, result, text(f"checks.{key}", locale, cause=cause(error)))
    return _judge(name, answer, expectation, locale)


def _judge(name: str, answer: _Answer, expectation: HttpExpectation, locale: str) -> Verdict:
    limit = expectation.maximum_ms
    if answer.status != expectation.status:
        words = text("checks.wrong_status", locale, status=answer.status, expected=expectation.status)
    elif expectation.contains is not None and expectation.contains not in answer.words:
        words = text("checks.text_missing", locale, expected=shown(expectation.contains))
    elif limit is not None and answer.took_ms > limit:
        words = text("checks.too_slow", locale, took=answer.took_ms, limit=limit)
    else:
        words = text("checks.answered", locale, status=answer.status, took=answer.took_ms)
        return Verdict(name, Result.PASS, words, answer.took_ms, "ms")
    return Verdict(name, Result.FAIL, words, answer.took_ms, "ms")


def _client(seconds: int) -> httpx.AsyncClient:
    """No proxy and no credentials of the environment, and a new connection each time: the address itself is checked."""
    headers = {"accept-encoding": "identity", "user-agent": "golive"}
    fresh = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(trust_env=False, timeout=seconds, headers=headers, limits=fresh, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Reading all authorities can take longer than a check does, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


async def _ask(client: httpx.AsyncClient, target: httpx.URL, expected: int) -> _Answer:
    begun = time.monotonic()
    status, words = await _fetch(client, target, expected, _HOPS)
    return _Answer(status, words, round((time.monotonic() - begun) * 1000))


async def _fetch(client: httpx.AsyncClient, target: httpx.URL, expected: int, hops: int) -> tuple[int, str]:
    """Redirects are followed only on the host and port that were allowed, unless a redirect is what is expected."""
    async with client.stream("GET", target) as response:
        follow = response.next_request
        if follow is None or not hops or response.status_code == expected:
            return response.status_code, await _words(response)
    _allow(follow.url, [_address(target)])
    return await _fetch(client, follow.url, expected, hops - 1)


async def _words(response: httpx.Response) -> str:
    """The body's first MiB as text. Bytes as they come, so that a small answer cannot unpack into a large one."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= BODY_BYTES:
            break
    try:
        return body[:BODY_BYTES].decode(response.charset_encoding or "utf-8", errors="replace")
    except LookupError:  # a charset that nobody knows
        return body[:BODY_BYTES].decode("utf-8", errors="replace")


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressNotInInventory(address=shown(url)) from error


def _comes_from_tls(error: BaseException | None) -> bool:
    """Whether somebody answered, but with a bad certificate or not with TLS at all."""
    if error is None or isinstance(error, ssl.SSLError):
        return error is not None
    return _comes_from_tls(error.__cause__ or error.__context__)


def _address(url: httpx.URL) -> Address:
    return url.host, url.port or _PORTS.get(url.scheme, 0)


def _allow(url: httpx.URL, allowed: Collection[Address]) -> None:
    if url.scheme not in _PORTS:
        raise AddressNotInInventory(address=shown(str(url)))
    allow(*_address(url), allowed)
