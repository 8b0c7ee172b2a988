"""The HTTP server: one thread per request, and a stop that lets every request finish."""

import signal
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

from contact_center.database import Refused, Unreachable
from contact_center.response import Response

Page = Callable[[], Response]
Action = Callable[[bytes], Response]
LONGEST_BODY = 65_536


class Server(socketserver.ThreadingMixIn, HTTPServer):
    """Closing it waits for the requests in flight."""

    daemon_threads = False
    request_queue_size = 128
    backlog_empty = False

    def handle_timeout(self) -> None:
        self.backlog_empty = True

    def drain(self) -> None:
        """Answer the connections that the kernel has accepted for us but that we have not seen yet."""
        self.timeout = 0
        while not self.backlog_empty:
            self.handle_request()


def serve(address: tuple[str, int], pages: Mapping[str, Page], actions: Mapping[str, Action]) -> None:
    """Serve ``pages`` (GET) and ``actions`` (POST) until SIGTERM or SIGINT, then finish what was begun."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with Server(address, _handler(pages, actions)) as server:
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        worker.start()
        print(f"serving on {address[0]}:{address[1]}", flush=True)
        stop.wait()
        server.shutdown()
        worker.join()
        server.drain()
    print("stopped", flush=True)


def _handler(pages: Mapping[str, Page], actions: Mapping[str, Action]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds for a client to send its request

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            self._send(answer(path, pages.get(path)))

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_BODY:
                return self._send(Response.json({"status": "error", "error": "본문이 없거나 너무 깁니다"}, status=413))
            body = self.rfile.read(int(length))
            action = actions.get(self.path)
            return self._send(answer(self.path, action and partial(action, body)))

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

    return Handler


def answer(path: str, page: Page | None) -> Response:
    """What ``page`` says; 404 without one, 503 without a database or while it takes no writes, 500 when it fails."""
    if page is None:
        return Response.json({"status": "error", "error": "없는 주소입니다"}, status=404)
    try:
        return page()
    except Refused as error:
        print(f"{path}: write refused: {error}", file=sys.stderr, flush=True)
        return Response.json({"status": "refused", "error": "지금은 저장할 수 없습니다. 잠시 뒤에"}, status=503)
    except Unreachable as error:
        print(f"{path}: database unreachable: {error}", file=sys.stderr, flush=True)
        return Response.json({"status": "unavailable", "error": "데이터베이스에 연결할 수 없습니다"}, status=503)
    except Exception as error:  # noqa: BLE001 - the last line of defence of a server: one page's failure is one answer
        print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return Response.json({"status": "error", "error": "처리하지 못했습니다"}, status=500)
