"""Free ports on the loopback, and who holds one that is not free."""

import random
import socket

import psutil

from golive_stack.errors import NoFreePort, PortTaken

# Below the range from which systems take the ports of outgoing connections, so a remembered port stays free.
LOW, HIGH = 20_000, 31_999


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of the loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on ``port`` of the loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def choose_port(taken: frozenset[int]) -> int:
    """A free port that is not in ``taken``. Raises ``NoFreePort``."""
    for _ in range(200):
        port = random.randint(LOW, HIGH)  # noqa: S311 - no secret, only unlikely to be chosen twice
        if port not in taken and is_free(port):
            return port
    raise NoFreePort(low=LOW, high=HIGH)


def require_free(name: str, port: int, file: object) -> None:
    """Raises ``PortTaken``, naming the program that listens, when ``port`` cannot be had."""
    if not is_free(port):
        raise PortTaken(name=name, port=port, holder=_holder(port), file=file)


def _holder(port: int) -> str:
    try:
        pids = [c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid]
        return f"{psutil.Process(pids[0]).name()} (pid {pids[0]})" if pids else "?"
    except psutil.Error:
        return "?"
