"""Certificates of real TLS servers: days left, expired, not yet valid, not TLS at all."""

from datetime import UTC, datetime, timedelta

import pytest

from golive.checks.errors import AddressNotInInventory
from golive.checks.tls import certificate_check
from golive.checks.values import Result
from tests.domain.checks.servers import certificate, free_port, raw, speaking_tls

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def check(address, minimum=14, now=NOW):
    return certificate_check("front", address, minimum, now=now, allowed=[address], timeout_seconds=1)


@pytest.mark.parametrize(
    ("begins", "days", "result", "left"),
    [
        (-1, 31, Result.PASS, 30),
        (-1, 15, Result.PASS, 14),
        (-1, 14, Result.FAIL, 13),
        (-31, 30, Result.FAIL, -1),
        (1, 90, Result.FAIL, 91),
    ],
)
def test_days_left(tmp_path, begins, days, result, left):
    """A certificate passes with at least the wanted days; too few, expired and not yet valid fail."""
    path = certificate(tmp_path, NOW + timedelta(days=begins), days)
    with raw(speaking_tls(path)) as address:
        verdict = check(address)
    assert (verdict.result, verdict.measured, verdict.unit) == (result, left, "days")


def test_expired_this_moment(tmp_path):
    """At its very end a certificate is over, even if no days are wanted."""
    path = certificate(tmp_path, NOW - timedelta(days=1), 1)
    with raw(speaking_tls(path)) as address:
        assert check(address, minimum=0).result is Result.FAIL


def test_not_tls_fails():
    """A service that answers without TLS fails."""
    with raw(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as address:
        verdict = check(address)
    assert verdict.result is Result.FAIL
    assert verdict.measured is None


def test_nothing_there_is_inconclusive():
    """Where nothing listens, or nothing is said, nothing is known."""
    assert check(("127.0.0.1", free_port())).result is Result.INCONCLUSIVE
    with raw(lambda connection: connection.recv(4096) and connection.recv(4096)) as address:
        assert check(address).result is Result.INCONCLUSIVE


def test_address_outside_the_inventory_is_refused():
    """What the inventory does not name is not probed."""
    with pytest.raises(AddressNotInInventory):
        certificate_check("x", ("127.0.0.1", 443), 14, now=NOW, allowed=[("127.0.0.1", 8443)])
