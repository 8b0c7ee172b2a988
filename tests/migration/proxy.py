"""A TCP proxy between the engine and a server, that cuts a connection after so many bytes."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TALK = 20_000
"""Bytes of a connection that only asks and is answered."""


class Proxy:
    """``cuts`` are counts of bytes in both directions: each is used once, by the next connection that moves data."""

    def __init__(self, port: int, cuts: list[int]) -> None:
        self.server_port = port
        self.cuts = cuts
        self.made = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        carried, cut = 0, None
        with client, socket.create_connection(("127.0.0.1", self.server_port)) as server:
            selector = selectors.DefaultSelector()
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    try:
                        block = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        key.data.sendall(block)
                    except OSError:
                        return
                    carried += len(block)
                    if not block:
                        return
                    if cut is None and carried > TALK and self.cuts:
                        cut = self.cuts.pop(0)
                    if cut is not None and carried >= cut:
                        self.made += 1
                        return


@contextmanager
def proxied(port: int, cuts: list[int]) -> Iterator[Proxy]:
    proxy = Proxy(port, cuts)
    try:
        yield proxy
    finally:
        proxy.close()
