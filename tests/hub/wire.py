"""HTTP on loopback with everything that may go wrong with it, on demand."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .repos import Refusal

Reply = Callable[[], None]


@dataclass
class Fault:
    """Something that goes wrong with the next requests of a kind."""

    method: str
    path: re.Pattern[str]
    times: int
    status: int | None = None  # None: the connection is cut in the middle of the body
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False  # wait in the middle of the body until `release` is set
    lose_answer: bool = False  # do what was asked, but cut the connection instead of answering
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str | None
    sent: int  # bytes of the body of the answer
    received: int
    host: str


class WireServer:
    """A server whose faults are switched on from outside and whose requests are kept."""

    def __init__(self, handler_class: type[Wire]) -> None:
        self.lock = threading.Lock()
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        handler = type("Bound", (handler_class,), {"server_state": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.storage = f"http://localhost:{self.port}"  # another origin: no token may arrive there
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        for fault in self.faults:
            fault.release.set()
        self._http.shutdown()
        self._http.server_close()

    def fail(self, method: str, path: str, times: int = 1, **how: Any) -> Fault:
        """Make the next `times` requests that match go wrong; see `Fault`."""
        fault = Fault(method, re.compile(path), times, **how)
        self.faults.append(fault)
        return fault

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and fault.path.search(path):
                    fault.times -= 1
                    return fault
        return None

    def seen(self, method: str, path: str) -> list[Request]:
        return [r for r in self.requests if r.method == method and re.search(path, r.path)]


class Wire(BaseHTTPRequestHandler):
    """One connection; a subclass knows the endpoints."""

    server_state: WireServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, BrokenPipeError):
            pass  # the client went away, as clients do

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET

    def _serve(self) -> None:
        self.sent = self.received = 0
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        path = unquote(url.path)
        bearer = self.headers.get("Authorization", "")
        self.token = bearer.removeprefix("Bearer ") or None
        self.fault = self.server_state.fault_for(self.command, path)
        try:
            self._answer(path)
        except Refusal as refusal:
            self._refuse(refusal)
        finally:
            host = self.headers.get("Host", "")
            record = Request(self.command, path, self.token, self.sent, self.received, host)
            self.server_state.requests.append(record)

    def _answer(self, path: str) -> None:
        fault, length = self.fault, int(self.headers.get("Content-Length") or 0)
        if fault and self.command == "PUT" and fault.status is None:
            self.received = len(self.rfile.read(length // 2))
            fault.reached.set()
            if fault.hold:
                fault.release.wait(60)
            self._cut()
            return
        self.body = self._read_body(length)
        self.received = len(self.body)
        if self.received < length:  # the client was killed
            self._cut()
            return
        if fault and fault.status is not None:
            fault.reached.set()
            self._send(fault.status, b"{}", fault.headers)
            return
        self.route(path)()

    def route(self, path: str) -> Reply:
        raise NotImplementedError

    def _read_body(self, length: int) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(length)
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _refuse(self, refusal: Refusal) -> None:
        headers = {"X-Error-Message": refusal.message}
        if refusal.code:
            headers["X-Error-Code"] = refusal.code
        self._send(refusal.status, json.dumps({"error": refusal.message} | refusal.details).encode(), headers)

    def _json(self, value: Any, headers: dict[str, str] | None = None) -> Reply:
        return lambda: self._send(200, json.dumps(value).encode(), headers or {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        if self.fault and self.fault.lose_answer:
            self.fault.reached.set()
            self._cut()
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault and self.fault.status is None and status in (200, 206):
            self.fault.reached.set()
            self.sent = len(body) // 2
            self.wfile.write(body[: self.sent])
            if self.fault.hold:
                self.fault.release.wait(60)
            self._cut()
            return
        self.sent = len(body)
        self.wfile.write(body)
