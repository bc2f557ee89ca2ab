"""A hub on a loopback address: as much of the Hugging Face hub's protocol as our readers use.

Data sets are given as {name: {path: bytes}}. `behave` names a way to fail: "hang" accepts and never
answers, "drip" answers a byte a second, "stall" sends a part of a file and falls silent, "error"
says 500, "page" answers everything with a web page.
"""

import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_FOLDER = {"type": "directory", "oid": COMMIT, "size": 0}


@dataclass
class MiniHub:
    url: str
    data_sets: dict[str, dict[str, bytes]]
    behave: str
    requests: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve_hub(data_sets: dict[str, dict[str, bytes]], behave: str = "well") -> Iterator[MiniHub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.block_on_close = False
    hub = MiniHub(f"http://127.0.0.1:{server.server_port}", data_sets, behave)
    server.hub = hub
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *arguments: object) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        hub = self.server.hub
        hub.requests.append(f"{self.command} {self.path}")
        try:
            if hub.behave == "hang":
                hub.stopped.wait(60)
            elif hub.behave == "drip":
                self._drip()
            elif hub.behave == "error":
                self._send(500, b"broken", "text/plain")
            elif hub.behave == "page":
                self._send(200, b"<html>Please log in to the wireless network</html>", "text/html")
            else:
                self._route(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _drip(self) -> None:
        self.close_connection = True
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 60:
            self.wfile.write(bytes([byte]))
            if self.server.hub.stopped.wait(1):
                return

    def _route(self, body: bytes) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        for name, files in self.server.hub.data_sets.items():
            if path.startswith(f"/datasets/{name}/resolve/"):
                file = path.removeprefix(f"/datasets/{name}/resolve/").split("/", 1)[1]
                return self._file(files, file)
            if path == f"/api/datasets/{name}" or path.startswith(f"/api/datasets/{name}/revision/"):
                return self._json(_info(name, files))
            if path.startswith(f"/api/datasets/{name}/tree/"):
                folder = path.removeprefix(f"/api/datasets/{name}/tree/").partition("/")[2]
                return self._tree(files, folder)
            if path.startswith(f"/api/datasets/{name}/paths-info/"):
                wanted = _wanted_paths(body)
                return self._json([_entry(p, files[p]) for p in wanted if p in files])
        return self._missing("RepoNotFound")

    def _tree(self, files: dict[str, bytes], folder: str) -> None:
        inside = {p: d for p, d in files.items() if not folder or p.startswith(folder + "/")}
        if folder and not inside:
            return self._missing("EntryNotFound")
        depth = folder.count("/") + 1 if folder else 0
        entries = {}
        for path, data in inside.items():
            parts = path.split("/")
            here = "/".join(parts[: depth + 1])
            whole = len(parts) == depth + 1
            entries[here] = _entry(path, data) if whole else {**_FOLDER, "path": here}
        return self._json(list(entries.values()))

    def _file(self, files: dict[str, bytes], file: str) -> None:
        if file not in files:
            return self._missing("EntryNotFound")
        data, status, extra = files[file], 200, {}
        given = self.headers.get("Range", "")
        if given.startswith("bytes="):
            first, _, last = given.removeprefix("bytes=").partition("-")
            begin, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
            extra["Content-Range"] = f"bytes {begin}-{end}/{len(data)}"
            data, status = data[begin : end + 1], 206
        if self.server.hub.behave == "stall" and self.command == "GET":
            return self._stall(data)
        return self._send(status, data, "application/octet-stream", extra)

    def _stall(self, data: bytes) -> None:
        self._head(200, len(data), "application/octet-stream", {})
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.server.hub.stopped.wait(60)

    def _missing(self, code: str) -> None:
        self._send(404, b"{}", "application/json", {"X-Error-Code": code})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, data: bytes, kind: str, extra: dict[str, str] | None = None) -> None:
        self._head(status, len(data), kind, extra or {})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _head(self, status: int, size: int, kind: str, extra: dict[str, str]) -> None:
        self.send_response(status)
        fixed = {"Content-Type": kind, "Content-Length": str(size), "ETag": '"mini"'}
        for name, value in {**fixed, "X-Repo-Commit": COMMIT, **extra}.items():
            self.send_header(name, value)
        self.end_headers()


def _info(name: str, files: dict[str, bytes]) -> dict[str, object]:
    when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(0))
    return {
        "_id": "0", "id": name, "sha": COMMIT, "private": False, "gated": False, "disabled": False,
        "author": name.split("/", maxsplit=1)[0], "downloads": 0, "likes": 0, "tags": [],
        "lastModified": when, "createdAt": when,
        "siblings": [{"rfilename": path} for path in files],
    }  # fmt: skip


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "oid": COMMIT, "size": len(data), "path": path}


def _wanted_paths(body: bytes) -> list[str]:
    try:
        return json.loads(body)["paths"]
    except ValueError:
        return urllib.parse.parse_qs(body.decode()).get("paths", [])
