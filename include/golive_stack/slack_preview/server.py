"""The preview over HTTP: Slack's API under ``/api/``, troubles under ``/preview/``, and the page."""

import json
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from golive_stack.slack_preview import api
from golive_stack.slack_preview.page import Reader, fragment, page
from golive_stack.slack_preview.store import Channel, Store
from golive_stack.slack_preview.troubles import ORDERS, Troubles

LARGEST_BODY = 2 * 1024 * 1024
REQUEST_SECONDS = 10
_LOOPBACK_NAMES = ("127.0.0.1", "localhost")
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:"
_STATIC = {"preview.css": "text/css", "preview.js": "text/javascript"}


class Preview(ThreadingHTTPServer):
    """Serves until ``shutdown``. ``port`` 0 takes a free one; see ``server_port``."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: Store, token: str, port: int, reader: Reader) -> None:
        self.store, self.token, self.reader = store, token, reader
        self.troubles = Troubles()
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    """One request. Routes by the first part of its path."""

    server: Preview
    timeout: ClassVar[int] = REQUEST_SECONDS

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if not self._is_for_us():
            self._send_text(HTTPStatus.FORBIDDEN, "loopback only")
        elif address.path.startswith("/api/"):
            self._api(address.path.removeprefix("/api/"), dict(parse_qsl(address.query)))
        elif address.path in ("/", "/fragment"):
            self._page(address.path, dict(parse_qsl(address.query)))
        else:
            self._static(address.path)

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        arguments = self._arguments()
        if arguments is None:
            return
        if not self._is_for_us():
            self._send_text(HTTPStatus.FORBIDDEN, "loopback only")
        elif address.path.startswith("/api/"):
            self._api(address.path.removeprefix("/api/"), {**dict(parse_qsl(address.query)), **arguments})
        elif address.path.startswith("/preview/") and self._is_json():
            self._order(address.path.removeprefix("/preview/"), arguments)
        else:
            self._send_text(HTTPStatus.NOT_FOUND, "not found")

    def log_message(self, *_args: Any) -> None:
        """Requests are not logged: their bodies are on the page, and their tokens nobody's business."""

    def _api(self, method: str, arguments: Mapping[str, Any]) -> None:
        troubles = self.server.troubles
        if troubles.down():
            self._send_text(HTTPStatus.SERVICE_UNAVAILABLE, "down for maintenance")
        elif (seconds := troubles.limited()) is not None:
            told = {"ok": False, "error": "ratelimited"}
            self._send_json(told, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(seconds)})
        else:
            given = self._token(arguments)
            answer = api.call(self.server.store, self.server.token, method, given, arguments)
            if method == "chat.postMessage" and troubles.dropped():
                self._hang_up()
            else:
                self._send_json(answer)

    def _order(self, name: str, arguments: Mapping[str, Any]) -> None:
        if name not in ORDERS:
            self._send_text(HTTPStatus.NOT_FOUND, "not found")
            return
        ORDERS[name](self.server.troubles, self.server.store, arguments)
        self._send_json({"ok": True})

    def _page(self, path: str, arguments: Mapping[str, str]) -> None:
        store = self.server.store
        channels = store.channels()
        chosen = [channel for channel in channels if channel.name == arguments.get("channel")]
        current: Channel | None = next(iter(chosen or channels), None)
        counted = [(channel, len(store.messages(channel))) for channel in channels]
        messages = store.messages(current) if current else ()
        build = page if path == "/" else fragment
        self._send(HTTPStatus.OK, "text/html", build(counted, current, messages, self.server.reader).encode())

    def _static(self, path: str) -> None:
        name = path.removeprefix("/static/")
        if name not in _STATIC:
            self._send_text(HTTPStatus.NOT_FOUND, "not found")
            return
        content = files("golive_stack.slack_preview") / "static" / name
        self._send(HTTPStatus.OK, _STATIC[name], content.read_bytes())

    def _arguments(self) -> dict[str, Any] | None:
        """The body of a POST, form or JSON; None when it was unusable and has been answered."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self._send_text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
            return None
        try:
            body = self.rfile.read(int(length)).decode()
            given = json.loads(body or "{}") if self._is_json() else dict(parse_qsl(body))
        except (UnicodeDecodeError, ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            self._send_json({"ok": False, "error": "invalid_json"})
            return None
        return given

    def _token(self, arguments: Mapping[str, Any]) -> str | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else arguments.get("token")

    def _is_json(self) -> bool:
        return str(self.headers.get_content_type()) == "application/json"

    def _is_for_us(self) -> bool:
        """A page elsewhere cannot have its name resolve to us and read along."""
        return self.headers.get("Host", "").rpartition(":")[0] in _LOOPBACK_NAMES

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send_json(
        self, answer: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, "application/json", json.dumps(answer, ensure_ascii=False).encode(), headers)

    def _send_text(self, status: HTTPStatus, words: str) -> None:
        self._send(status, "text/plain", words.encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        own = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        guards = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
        self.send_response(status)
        for name, value in {**own, **guards, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
