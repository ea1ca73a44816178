"""Another way to the engine: a relay in front of its socket, with TLS or without, that a test can cut."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from .engine import DEFAULT_HOST

_CHUNK = 65536
_REQUEST = re.compile(rb"^(GET|HEAD|POST|PUT|DELETE) (?:/v[0-9.]+)?(\S*) HTTP/1.1\r$", re.MULTILINE)


class Relay:
    """Listens on a Unix socket, or on a TCP port of this host with TLS, and passes all on to the engine."""

    def __init__(self, path: Path | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._engine = (os.environ.get("DOCKER_HOST") or DEFAULT_HOST).removeprefix("unix://")
        self._tls = tls
        self.requests: list[str] = []
        """The first lines of what clients asked, without the version of the API."""
        self.swallows = b""
        """Whatever a client says with this in it is not passed on, nor anything else of it."""
        self.edit: Callable[[bytes], bytes] = bytes
        """What becomes of the engine's words; they must stay as long as they are."""
        self._asked = threading.Condition()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()
            self.host = f"unix://{path}"
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.host = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _shut(self._listener)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def wait_for(self, method: str, patience: float = 30.0) -> None:
        """Until a client has asked so, within so many seconds."""
        with self._asked:
            said = f"{method} "
            assert self._asked.wait_for(lambda: any(r.startswith(said) for r in self.requests), patience)

    def cut(self) -> None:
        """Break every connection that is open, as an engine does that restarts."""
        with self._lock:
            for one in self._open:
                _shut(one)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._engine)
            with self._lock:
                self._open |= {client, engine}
            try:
                if self._tls is None:
                    _pump(client, engine, self._passes, self.edit)
                else:
                    self._serve_tls(client, engine, self._tls)
            finally:
                with self._lock:
                    self._open -= {client, engine}

    def _serve_tls(self, client: socket.socket, engine: socket.socket, tls: ssl.SSLContext) -> None:
        with contextlib.suppress(OSError), tls.wrap_socket(client.dup(), server_side=True) as secured:
            _pump(secured, engine, self._passes, self.edit)

    def _passes(self, data: bytes) -> bool:
        with self._asked:
            for method, path in _REQUEST.findall(data):
                self.requests.append(f"{method.decode()} {path.decode()}")
            self._asked.notify_all()
        return not self.swallows or self.swallows not in data


def _pump(
    client: socket.socket,
    engine: socket.socket,
    passes: Callable[[bytes], bool],
    edit: Callable[[bytes], bytes],
) -> None:
    """Both ways until either side closes; one thread, since a TLS socket must not be used by two."""
    with contextlib.suppress(OSError), selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, engine)
        selector.register(engine, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                data = source.recv(_CHUNK)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(source.pending())
                if not data:
                    return
                if source is client and not passes(data):
                    client.recv(_CHUNK)  # until it gives up
                    return
                key.data.sendall(edit(data) if source is engine else data)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def make_certificates(folder: Path) -> ssl.SSLContext:
    """Fill a folder as DOCKER_CERT_PATH has it; one certificate serves both sides. Needs openssl."""
    folder.mkdir(parents=True)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    (folder / "ca.pem").write_bytes(certificate.read_bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context
