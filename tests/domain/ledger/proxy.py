"""A TCP proxy in front of PostgreSQL that loses connections at the worst moment."""

import socket
import threading
from typing import Literal

from golive.secret import Secret

Mode = Literal["pass", "cut before", "cut after", "hold"]


class Proxy:
    """Watches for COMMIT: cuts before it arrives, cuts before its answer arrives, or holds it for ever.

    ``mode`` applies ``times`` times; then everything passes. ``reached`` is set when it applied.
    """

    def __init__(self, port: int, mode: Mode, times: int = 1) -> None:
        self.target, self.mode, self.times = port, mode, times
        self.reached = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, direct: Secret) -> Secret:
        """``direct``, through this proxy."""
        return Secret(direct.reveal().replace(f":{self.target}/", f":{self.port}/"))

    def close(self) -> None:
        for connection in [self._listener, *self._sockets]:
            _close(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target), timeout=30)
            self._sockets += [client, server]
            silent = threading.Event()
            for source, sink, watched in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, sink, watched, silent), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, watched: bool, silent: threading.Event) -> None:
        try:
            while content := source.recv(65_536):
                if watched and b"COMMIT" in content and self._applies():
                    if self.mode != "cut after":
                        return self._end(source, sink)
                    silent.set()
                    sink.sendall(content)
                elif not watched and silent.is_set():
                    # The answer to COMMIT has come: it is done, and nobody will learn it.
                    return self._end(source, sink)
                else:
                    sink.sendall(content)
        except OSError:
            pass
        return _shut(sink)

    def _applies(self) -> bool:
        self.times -= 1
        return self.mode != "pass" and self.times >= 0

    def _end(self, source: socket.socket, sink: socket.socket) -> None:
        self.reached.set()
        if self.mode != "hold":
            _close(source)
            _close(sink)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _close(connection: socket.socket) -> None:
    _shut(connection)
    connection.close()
