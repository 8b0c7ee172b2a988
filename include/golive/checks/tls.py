"""A check of a service's certificate: how many days are left."""

import asyncio
import ssl
from collections.abc import Collection
from datetime import datetime

from cryptography import x509

from golive.checks.values import Address, Result, Verdict, allow, cause
from golive.texts import text


def certificate_check(
    name: str,
    address: Address,
    minimum_days: int,
    *,
    now: datetime,
    allowed: Collection[Address],
    timeout_seconds: int = 5,
    locale: str = "en",
) -> Verdict:
    """As ``probe_certificate``, where no event loop runs."""
    probe = probe_certificate(
        name, address, minimum_days, now=now, allowed=allowed, timeout_seconds=timeout_seconds, locale=locale
    )
    return asyncio.run(probe)


async def probe_certificate(
    name: str,
    address: Address,
    minimum_days: int,
    *,
    now: datetime,
    allowed: Collection[Address],
    timeout_seconds: int = 5,
    locale: str = "en",
) -> Verdict:
    """PASS when the certificate is valid at ``now`` and for ``minimum_days`` more; measured in whole ``days``.

    Only its dates are read: it is not asked who signed it, so that an expired or private one can be measured too, and
    nothing is sent over the connection. Raises ``AddressNotInInventory``.
    """
    allow(*address, allowed)
    try:
        async with asyncio.timeout(timeout_seconds):
            certificate = await _certificate(address)
    except TimeoutError:
        return Verdict(name, Result.INCONCLUSIVE, text("checks.no_answer_in_time", locale, seconds=timeout_seconds))
    except (ssl.SSLError, ValueError) as error:
        return Verdict(name, Result.FAIL, text("checks.not_tls", locale, cause=cause(error)))
    except OSError as error:
        return Verdict(name, Result.INCONCLUSIVE, text("checks.unreachable", locale, cause=cause(error)))
    return _judge(name, certificate, minimum_days, now, locale)


def _judge(name: str, certificate: x509.Certificate, minimum_days: int, now: datetime, locale: str) -> Verdict:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    days = (ends - now).days
    if now < begins:
        words = text("checks.certificate_not_yet", locale, begins=f"{begins:%Y-%m-%d}")
        return Verdict(name, Result.FAIL, words, days, "days")
    words = text("checks.certificate_days", locale, days=days, ends=f"{ends:%Y-%m-%d}", minimum=minimum_days)
    return Verdict(name, Result.PASS if now < ends and days >= minimum_days else Result.FAIL, words, days, "days")


async def _certificate(address: Address) -> x509.Certificate:
    host, port = address
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        encoded = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return x509.load_der_x509_certificate(encoded)
