"""A ``Host`` over one asyncssh connection, its host key pinned."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from golive.hosts.errors import HostKeyMismatch, HostUnreachable, LoginRefused
from golive.hosts.remote import ShellHost
from golive.hosts.transport import Exchange, Inbox, Reply
from golive.hosts.values import Credentials, HostAddress

# its INFO lines repeat every command; a task's log has better use
logging.getLogger("asyncssh").setLevel(logging.WARNING)

_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")
_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512")
_SESSIONS, _QUESTIONS = 8, 2
"""Sessions at a time on one connection: OpenSSH's ``MaxSessions`` is 10, and a cancel must not wait for its turn."""


@asynccontextmanager
async def connect(address: HostAddress, credentials: Credentials, *, timeout: float = 15.0) -> AsyncIterator[ShellHost]:
    """The host, logged in; ``timeout`` seconds each for connecting and for the login.

    Raises ``HostUnreachable``, ``HostKeyMismatch`` (before anything of ours is sent) and ``LoginRefused``.
    """
    transport = SshTransport(address, credentials, timeout)
    await transport.open()
    try:
        yield ShellHost(address, transport)
    finally:
        await transport.close()


class SshTransport:
    """One connection at a time; a lost one is made again at the next exchange."""

    def __init__(self, address: HostAddress, credentials: Credentials, timeout: float) -> None:
        self._address = address
        self._credentials = credentials
        self._timeout = timeout
        self._connection: asyncssh.SSHClientConnection | None = None
        self._opening = asyncio.Lock()
        self._sessions = {False: asyncio.Semaphore(_SESSIONS), True: asyncio.Semaphore(_QUESTIONS)}

    async def open(self) -> asyncssh.SSHClientConnection:
        """The live connection, made if there is none."""
        async with self._opening:
            if self._connection is None or self._connection.is_closed():
                self._connection = await _dial(self._address, self._credentials, self._timeout)
            return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    async def exchange(self, exchange: Exchange, *, timeout: float) -> Reply:
        async with asyncio.timeout(timeout), self._sessions[exchange.question]:
            connection = await self.open()
            inbox = Inbox(exchange.prompt)
            try:
                channel, _ = await connection.create_session(lambda: _Session(inbox), exchange.line, encoding=None)
            except (asyncssh.Error, OSError) as error:
                raise HostUnreachable(host=self._address.name, cause=_cause(error)) from error
            try:
                await inbox.feed(exchange, channel.write, channel.write_eof)
                reply = await inbox.reply()
            except (BrokenPipeError, ConnectionError) as error:
                raise HostUnreachable(host=self._address.name, cause=_cause(error)) from error
            finally:
                _leave(channel, inbox)
        if reply is None:
            raise HostUnreachable(host=self._address.name, cause="the connection was lost")
        return reply

    @asynccontextmanager
    async def forward(self, port: int) -> AsyncIterator[int]:
        connection = await self.open()
        listener = await connection.forward_local_port("127.0.0.1", 0, "127.0.0.1", port)
        try:
            yield listener.get_port()
        finally:
            listener.close()
            await listener.wait_closed()


class _Session(asyncssh.SSHClientSession[bytes]):
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def data_received(self, data: bytes, _datatype: asyncssh.DataType) -> None:
        self._inbox.received(data)

    def eof_received(self) -> bool:
        self._inbox.ended()
        return True

    def exit_status_received(self, status: int) -> None:
        self._inbox.exited(status)

    def exit_signal_received(self, name: str, _core_dumped: bool, _msg: str, _lang: str) -> None:
        self._inbox.exited(128 + _number(name))

    def pause_writing(self) -> None:
        self._inbox.writable.clear()

    def resume_writing(self) -> None:
        self._inbox.writable.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._inbox.lost()


def _leave(channel: Any, inbox: Inbox) -> None:
    """Close the session; what was attached to it and still runs is asked to end."""
    if inbox.exit_status is None and not channel.is_closing():
        channel.terminate()
    channel.close()


def _number(name: str) -> int:
    try:
        return int(signal.Signals[f"SIG{name}"])
    except KeyError:
        return 127


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def _dial(address: HostAddress, credentials: Credentials, timeout: float) -> asyncssh.SSHClientConnection:
    facts = {"host": address.name}
    try:
        pinned = asyncssh.import_public_key(address.host_key)
    except asyncssh.KeyImportError as error:
        raise HostKeyMismatch(**facts, cause=f"the pinned key cannot be read: {error}") from error
    try:
        options = _login(credentials)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise LoginRefused(**facts, user=address.user, cause=f"the private key cannot be read: {error}") from error
    try:
        return await asyncssh.connect(
            address.address, address.port, username=address.user, known_hosts=([pinned], [], []),
            server_host_key_algs=_preferring(pinned), encryption_algs=_CIPHERS, compression_algs=None,
            config=None, agent_path=None,
            connect_timeout=timeout, login_timeout=timeout, keepalive_interval=5, keepalive_count_max=3, **options,
        )  # fmt: skip
    except asyncssh.HostKeyNotVerifiable as error:
        raise HostKeyMismatch(**facts, cause=_cause(error)) from error
    except asyncssh.PermissionDenied as error:
        raise LoginRefused(**facts, user=address.user, cause=_cause(error)) from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        cause = f"{address.address}, port {address.port}: {_cause(error)}"
        raise HostUnreachable(**facts, cause=cause) from error


def _preferring(pinned: asyncssh.SSHKey) -> list[str]:
    """The pinned kind first; the others after it, so that a host with another key is told apart from a dead one."""
    own = [name.decode() for name in pinned.sig_algorithms if name != b"ssh-rsa"]
    return own + [name for name in _HOST_KEYS if name not in own]


def _login(credentials: Credentials) -> dict[str, Any]:
    """Only what we were given: no agent, no key files of the worker's account."""
    options: dict[str, Any] = {"client_keys": None, "password": None}
    if credentials.private_key is not None:
        passphrase = credentials.passphrase.reveal() if credentials.passphrase else None
        options["client_keys"] = [asyncssh.import_private_key(credentials.private_key.reveal(), passphrase)]
    if credentials.password is not None:
        options["password"] = credentials.password.reveal()
    return options
