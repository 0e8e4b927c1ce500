"""A GitHub on loopback: it serves the last commit of this checkout as it would serve the published repository."""

from __future__ import annotations

import io
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPO = "someone/hf-exbert"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@cache
def archive() -> bytes:
    """As `archive/HEAD.zip` of GitHub: one folder named after the commit, and no git metadata in it."""
    command = ["git", "archive", "--format=zip", f"--prefix=hf-exbert-{COMMIT}/", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        content = _content(self.path.partition("?")[0])
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    def log_message(self, *args: object) -> None:
        pass


def _content(path: str) -> bytes | None:
    raw = f"/raw.githubusercontent.com/{REPO}/HEAD/"
    if path.startswith(raw):
        name = f"hf-exbert-{COMMIT}/{path.removeprefix(raw)}"
        with zipfile.ZipFile(io.BytesIO(archive())) as zipped:
            return zipped.read(name) if name in zipped.namelist() else None
    match path.removeprefix(f"/github.com/{REPO}"):
        case "":
            return b"<html></html>"
        case "/archive/HEAD.zip":
            return archive()
        case ".git/info/refs":
            return f"001e# service=git-upload-pack\n0000015{COMMIT} HEAD\0multi_ack\n".encode()
    return None


@contextmanager
def serve() -> Iterator[str]:
    """The address that stands in for `https:/`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
