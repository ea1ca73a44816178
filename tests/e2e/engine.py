"""A real Docker engine for tests: reach it, hold a container's terminal, leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import time
from types import TracebackType
from typing import Any, Self

import docker
import docker.errors
from docker.utils import kwargs_from_env

DEFAULT_HOST = "unix:///var/run/docker.sock"
PROJECT_LABEL = "qms-tui.project"
ANSWER_SECONDS = 30.0  # an answer takes milliseconds; a machine under load may need a few seconds
CHUNK = 65536
CONFLICT = 409  # what an engine answers, among others, while it removes a container for somebody else
REMOVAL_POLL = 0.05  # seconds
# The engine's default keys swallow Ctrl-P, an empty string means the default, and the first key is held back
# until the next one comes, so that it must be none that a person types: FF and FE never occur in UTF-8.
NO_DETACH_KEYS = b",".join([b"\xff", b"\xfe"] * 8)


class NoEngine(Exception):
    """No Docker engine answers, or none that lets us in."""


def connect() -> docker.APIClient:
    """Return a client of the engine at DOCKER_HOST, or at the default socket; who calls closes it.

    Raises:
        NoEngine: with the reason why there is none.
    """
    host = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    try:
        _knock(host)
        settings: dict[str, Any] = {"base_url": host, "version": "auto", **kwargs_from_env()}
        client = docker.APIClient(**settings)
    except (OSError, docker.errors.DockerException) as error:
        raise NoEngine(f"no Docker engine at {host}: {error}") from error
    return client


def _knock(host: str) -> None:
    """The SDK leaves its socket open where a Unix socket refuses; we do not."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(path)


def remove_project(engine: docker.APIClient, project: str) -> None:
    """Remove every container and network labelled as belonging to the project (its root folder)."""
    filters = {"label": f"{PROJECT_LABEL}={project}"}
    for container in engine.containers(all=True, filters=filters):
        remove_container(engine, container["Id"])
    for network in engine.networks(filters=filters):
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_network(network["Id"])


def remove_container(engine: docker.APIClient, container: str) -> None:
    """Remove it however it is; where somebody else does so at this moment, wait until it is gone."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            engine.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != CONFLICT or time.monotonic() > deadline:
                raise
            time.sleep(REMOVAL_POLL)
        else:
            return


class Console:
    """A container's terminal in a test's hands: type into it, and wait for what must appear.

    Attach before the container's start and no byte is missed.
    """

    def __init__(self, engine: docker.APIClient, container: str) -> None:
        self.unseen = b""
        self._engine = engine
        self._container = container
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "detachKeys": NO_DETACH_KEYS}
        self._attached: Any = engine.attach_socket(container, params=wanted)
        self._socket: socket.socket = self._attached._sock
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._attached._response.close()
        self._attached.close()

    def resize(self, *, rows: int, columns: int) -> None:
        self._engine.resize(self._container, height=rows, width=columns)

    def type(self, keys: bytes, within: float = ANSWER_SECONDS) -> None:
        """Send all of it, reading meanwhile: a terminal that nobody drains takes no keys."""
        deadline, unsent = time.monotonic() + within, memoryview(keys)
        while unsent:
            ready = self._wait(selectors.EVENT_READ | selectors.EVENT_WRITE, deadline)
            if ready & selectors.EVENT_READ:
                assert self._read(), f"the terminal ended with {len(unsent)} bytes to type"
            if ready & selectors.EVENT_WRITE:
                unsent = unsent[self._socket.send(unsent[:CHUNK]) :]

    def expect(self, pattern: bytes, within: float = ANSWER_SECONDS) -> re.Match[bytes]:
        """Wait for a regular expression; what came up to its end counts as seen.

        Raises:
            AssertionError: it did not come in time, or the terminal ended; says what came instead.
        """
        deadline = time.monotonic() + within
        while not (found := re.search(pattern, self.unseen)):
            self._wait(selectors.EVENT_READ, deadline, f"for {pattern!r}")
            assert self._read(), f"the terminal ended before {pattern!r}: {self.unseen[-2000:]!r}"
        self.unseen = self.unseen[found.end() :]
        return found

    def read_to_end(self, within: float = ANSWER_SECONDS) -> bytes:
        """Wait for the program's end; return all that was unseen."""
        deadline = time.monotonic() + within
        self._wait(selectors.EVENT_READ, deadline, "for the end")
        while self._read():
            self._wait(selectors.EVENT_READ, deadline, "for the end")
        rest, self.unseen = self.unseen, b""
        return rest

    def _read(self) -> bool:
        received = self._socket.recv(CHUNK)
        self.unseen += received
        return bool(received)

    def _wait(self, events: int, deadline: float, reason: str = "to type") -> int:
        left = deadline - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, events)
            ready = selector.select(left) if left > 0 else []
        assert ready, f"waited too long {reason}; unseen so far: {self.unseen[-2000:]!r}"
        return ready[0][1]
