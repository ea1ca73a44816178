"""A bridge in a test's hands: its client's end, and a gateway's end that says what the test wants."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.mcp.house import BRIDGE, PYTHON, SECONDS

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
REAL = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "real", "version": "7"},
}


class Lines:
    """Lines of a file descriptor, waited for within bounds."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = b""

    def next(self, within: float = SECONDS) -> bytes:
        until = time.monotonic() + within
        while b"\n" not in self._waiting:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"waited too long; so far: {self._waiting[:500]!r}"
            data = os.read(self._descriptor, 2**20)
            assert data, f"the end, after {self._waiting[:500]!r}"
            self._waiting += data
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line


class Bridge:
    """The bridge as a process, with its client's end."""

    def __init__(self, path: Path, server: str = "git", environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [PYTHON, "-I", str(BRIDGE), server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"QMS_MCP_SOCKET": str(path), **(environment or {})},
        )
        assert self.process.stdout is not None
        self._lines = Lines(self.process.stdout.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(SECONDS)

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def say(self, method: str, number: int | None = None, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        self.raw(json.dumps(message if number is None else {**message, "id": number}).encode() + b"\n")

    def hear(self, within: float = SECONDS) -> dict[str, Any]:
        found = json.loads(self.hear_line(within))
        assert isinstance(found, dict)
        return found

    def hear_line(self, within: float = SECONDS) -> bytes:
        """As it comes."""
        return self._lines.next(within)

    def ask(self, method: str, number: int, params: Any = None) -> dict[str, Any]:
        """The answer to a request; what else is said meanwhile is left out."""
        self.say(method, number, params)
        while (answer := self.hear(within=90.0)).get("id") != number:
            pass
        return answer

    def begin(self) -> dict[str, Any]:
        self.say("initialize", 0, INITIALIZE)
        answer = self.hear()
        self.say("notifications/initialized")
        found = answer["result"]
        assert isinstance(found, dict)
        return found


class Link:
    """One connection at the gateway's end."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._lines = Lines(connected.fileno())
        self.hello = json.loads(self._lines.next())

    def raw(self, line: bytes) -> None:
        self._socket.sendall(line + b"\n")

    def welcome(self, instance: str = "A", *, resumed: bool = False, received: int = 0) -> None:
        words = {"instance": instance, "resumed": resumed, "received": received, "initialize": REAL}
        self.raw(json.dumps(words).encode())

    def hear(self) -> tuple[int, dict[str, Any]]:
        """The next message, acknowledgements left out."""
        while True:
            number, _, *rest = self._lines.next().split(b" ", 2)
            if rest and rest != [b"bye"]:
                return int(number), json.loads(rest[0])

    def answer(self, number: int, to: int, request_id: int, acknowledged: int, text: str = "yes") -> None:
        body = json.dumps({"jsonrpc": "2.0", "id": request_id, "result": text})
        self.raw(f"{number} {acknowledged} {to} {body}".encode())

    def close(self) -> None:
        self._socket.close()


class FakeGateway:
    """A socket where a gateway would listen."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._listening.settimeout(SECONDS)

    def take(self) -> Link:
        return Link(self._listening.accept()[0])

    def close(self) -> None:
        self._listening.close()
