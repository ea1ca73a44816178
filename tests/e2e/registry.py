"""A registry of images with one image in it, which asks for an anonymous token as the public ones do.

    python3 registry.py FOLDER      in a container, on the engine's own loopback; prints its port

`write` fills the folder. Without TLS: engines take that of 127.0.0.0/8.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME, TAG = "qms-tui-test/base", "1"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
TOKEN = "anonymous"


def write(folder: Path, root: bytes, architecture: str) -> str:
    """Store an image of one layer, a tar archive; its digest."""
    layer = _blob(folder, gzip.compress(root, mtime=0), LAYER)
    content = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(root)]},
    }
    config = _blob(folder, json.dumps(content).encode(), CONFIG)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    (folder / TAG).write_text(json.dumps(manifest))
    return str(_blob(folder, json.dumps(manifest).encode(), MANIFEST)["digest"])


def _blob(folder: Path, content: bytes, kind: str) -> dict[str, str | int]:
    (folder / _digest(content)).write_bytes(content)
    return {"mediaType": kind, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    """Answers what an engine asks in order to pull."""

    protocol_version = default_request_version = "HTTP/1.1"  # answers an engine that tries TLS first

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/token":
            self._say(200, json.dumps({"token": TOKEN}).encode(), "application/json")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401)
        elif path == "/v2/":
            self._say(200, b"{}", "application/json")
        else:
            file = Path(sys.argv[1], path.rpartition("/")[2])
            self._file(file, MANIFEST if "/manifests/" in path else LAYER)

    do_HEAD = do_GET

    def _file(self, file: Path, kind: str) -> None:
        if file.exists():
            self._say(200, file.read_bytes(), kind)
        else:
            self._say(404)

    def _say(self, status: int, content: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", _digest(content))
        realm = f"http://{self.headers.get('Host', '')}/token"
        self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="registry"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
