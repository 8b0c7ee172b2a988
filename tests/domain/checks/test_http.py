"""HTTP checks against real servers on loopback: right, wrong, slow, absent and hostile answers."""

import gzip
import threading
import time

import pytest

from golive.checks.errors import AddressNotInInventory, ExpectationInvalid
from golive.checks.http import HttpExpectation, http_check
from golive.checks.values import Result
from golive.texts import LOCALES
from tests.domain.checks.servers import certificate, free_port, pages, raw, speaking_tls
from tests.domain.checks.test_tls import NOW

QUICK = {"timeout_seconds": 2, "attempts": 1, "interval_ms": 10}


@pytest.fixture
def server():
    with pages() as server:
        yield server


def check(address, path="/", scheme="http", locale="en", **expected):
    url = f"{scheme}://{address[0]}:{address[1]}{path}"
    return http_check("home", url, HttpExpectation(**{**QUICK, **expected}), allowed=[address], locale=locale)


def test_right_answer_passes(server):
    """The expected status and text pass, with the time it took."""
    server.pages["/"] = (200, {}, "고객상담센터 2.0".encode())
    verdict = check(server.address, contains="고객상담센터", maximum_ms=2000)
    assert verdict.result is Result.PASS
    assert verdict.unit == "ms"
    assert 0 <= verdict.measured < 2000


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("page", "expected", "word"),
    [
        ((500, {}, "상담"), {"contains": "상담"}, "500"),
        ((200, {}, "old"), {"contains": "상담"}, "상담"),
        ((200, {}, ""), {"contains": "상담"}, "상담"),
        ((200, {}, "x" * 1024 * 1024 + "상담"), {"contains": "상담"}, "상담"),
        ((200, {}, "상담"), {"maximum_ms": -1}, "-1 ms"),
        ((200, {"Content-Length": "99"}, "short"), {}, "HTTP"),
    ],
)
def test_wrong_answer_fails(server, page, expected, word, locale):
    """A wrong status, a missing text, an empty or broken-off body and a slow answer fail, and say so."""
    status, headers, body = page
    server.pages["/"] = (status, headers, body.encode())
    verdict = check(server.address, locale=locale, **expected)
    assert verdict.result is Result.FAIL
    assert word in verdict.detail


def test_other_charset(server):
    """The text is found in the answer's own charset, and an unknown charset does no harm."""
    server.pages["/"] = (200, {"Content-Type": "text/html; charset=euc-kr"}, "상담".encode("euc-kr"))
    server.pages["/odd"] = (200, {"Content-Type": "text/html; charset=nonsense"}, "상담".encode())
    assert check(server.address, contains="상담").result is Result.PASS
    assert check(server.address, "/odd", contains="상담").result is Result.PASS


def test_packed_answer_is_not_unpacked(server):
    """We asked for plain bytes; a packed answer cannot grow in our memory and simply lacks the text."""
    server.pages["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress("상담".encode() * 10_000))
    assert check(server.address, contains="상담").result is Result.FAIL


def test_nothing_there_is_inconclusive():
    """Where nothing listens nothing is known, after every attempt."""
    verdict = check(("127.0.0.1", free_port()), attempts=3)
    assert verdict.result is Result.INCONCLUSIVE
    assert verdict.measured is None


def test_later_attempt_passes(server):
    """A service that comes up during the attempts passes."""

    def come_up():
        while len(server.seen) < 2:
            time.sleep(0.01)
        server.pages["/"] = (200, {}, b"ok")

    late = threading.Thread(target=come_up)
    late.start()
    verdict = check(server.address, attempts=100, interval_ms=20)
    late.join()
    assert verdict.result is Result.PASS
    assert 2 < len(server.seen) < 100


def test_one_wrong_answer_outweighs_silence():
    """An answer that was wrong is a fail, even when nothing answered afterwards."""
    answers = iter([b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])

    def once(connection):
        connection.recv(4096)
        answer = next(answers, None)
        if answer is None:
            time.sleep(2.1)
        else:
            connection.sendall(answer)

    with raw(once) as address:
        assert "500" in check(address, attempts=2).detail


def test_endless_body_is_cut():
    """A body without an end is read to its limit, not until the time is over."""

    def flood(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw(flood) as address:
        assert check(address).result is Result.PASS


@pytest.mark.parametrize("slow", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_dripping_answer_is_bounded(slow):
    """A server that sends a byte now and then cannot hold a check beyond its time."""

    def drip(connection):
        connection.sendall(slow)
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    with raw(drip) as address:
        begun = time.monotonic()
        verdict = check(address)
        assert time.monotonic() - begun < 6
    assert verdict.result is Result.INCONCLUSIVE


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 OK 200\r\n\r\n"])
def test_not_http_fails(answer):
    """Something else that answers on the port is a wrong answer, and its words are kept printable."""

    def speak(connection):
        connection.recv(4096)
        connection.sendall(answer)

    with raw(speak) as address:
        verdict = check(address)
    assert verdict.result is Result.FAIL
    assert verdict.detail.isprintable()


def test_untrusted_certificate_fails(tmp_path):
    """Over https an answer with a certificate that nobody vouches for is wrong, not absent."""
    with raw(speaking_tls(certificate(tmp_path, NOW, 30))) as address:
        assert check(address, scheme="https").result is Result.FAIL


def test_redirects_stay_on_the_address(server):
    """A redirect is followed on the same host and port only, a few times, and not when it is what was expected."""
    with pages() as other:
        server.pages["/"] = (302, {"Location": "/home"}, b"")
        server.pages["/home"] = (200, {}, b"ok")
        server.pages["/loop"] = (302, {"Location": "/loop"}, b"")
        server.pages["/away"] = (302, {"Location": f"http://127.0.0.1:{other.address[1]}/"}, b"")
        assert check(server.address).result is Result.PASS
        assert check(server.address, status=302).result is Result.PASS
        assert check(server.address, "/loop").result is Result.FAIL
        assert check(server.address, "/away").result is Result.FAIL
        assert other.seen == []


def test_environment_proxy_is_not_used(server, monkeypatch):
    """What is checked is the address itself, whatever proxy the environment names."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    server.pages["/"] = (200, {}, b"ok")
    assert check(server.address).result is Result.PASS


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://{host}:{port}@127.0.0.2:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://{host}:{port}/",
        "http://{host}:{port}\x00/",
        "not a url",
        "",
    ],
)
def test_address_outside_the_inventory_is_refused(server, url):
    """What the inventory does not name is not probed."""
    host, port = server.address
    with pytest.raises(AddressNotInInventory) as error:
        http_check("x", url.format(host=host, port=port), HttpExpectation(), allowed=[server.address])
    assert error.value.message("ko").isprintable()
    assert server.seen == []


@pytest.mark.parametrize("values", [{"contains": ""}, {"attempts": 0}, {"timeout_seconds": 0}])
def test_expectation_that_proves_nothing_is_refused(values):
    """An expectation that would always hold, or never ask, is refused."""
    with pytest.raises(ExpectationInvalid):
        HttpExpectation(**values)
