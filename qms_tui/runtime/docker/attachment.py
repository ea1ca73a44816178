"""Holding a container's terminal through the socket of the engine's attach call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docker import APIClient

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.engine import engine_errors
from qms_tui.runtime.runtime import Size
from qms_tui.runtime.stream import Channel, Stream, TlsChannel
from qms_tui.runtime.workers import Workers

_log = logging.getLogger(__name__)

ATTACH_DEADLINE = 10.0  # seconds: an attach next to a client that does not read hangs before its headers
RESIZE_DELAY = 0.05  # seconds of quiet before a size is passed on: dragging a corner sends dozens
# The engine's default would swallow Ctrl-P, an empty string means the default, and the first key is held
# back until the next one comes. So it is one that nobody types: FF and FE never occur in UTF-8.
_DETACH_KEYS = b",".join([b"\xff", b"\xfe"] * 8)


@dataclass(frozen=True, slots=True)
class Opened:
    """An attached socket that does not block, what was read of it already, and what frees it."""

    channel: Channel
    early: bytes
    free: Callable[[], None]


def open_socket(api: APIClient, container: str) -> Opened:
    """Attach to the container. Blocking.

    http.client may have read output together with the headers; without `peek` those bytes are lost.
    """
    params = {
        "stdin": 1,
        "stdout": 1,
        "stderr": 1,
        "stream": 1,
        "logs": 0,
        "detachKeys": _DETACH_KEYS,
    }
    with engine_errors(f"cannot attach to {container}"):
        held: Any = api.attach_socket(container, params=params)
    response = held._response
    socket = held if isinstance(held, ssl.SSLSocket) else held._sock

    def free() -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: a file of http.client is closed already
            response.close()
            held.close()

    try:
        socket.setblocking(False)
        early = _read_already(response, socket)
    except BaseException:
        free()
        raise
    channel: Channel = TlsChannel(socket) if isinstance(socket, ssl.SSLSocket) else socket
    return Opened(channel, early, free)


def _read_already(response: Any, socket: Any) -> bytes:
    """What http.client has buffered, then what TLS has: neither would wake the event loop."""
    try:
        early = bytes(response.raw._fp.fp.peek() or b"")
    except ssl.SSLWantReadError:  # TLS's way to say that there is nothing
        return b""
    while isinstance(socket, ssl.SSLSocket) and (waiting := socket.pending()):
        early += socket.recv(waiting)
    return early


class DockerAttachment:
    """The terminal of one container. Closing it leaves the container alone."""

    def __init__(
        self,
        api: APIClient,
        workers: Workers,
        container: str,
        opened: Opened,
    ) -> None:
        self._api = api
        self._workers = workers
        self._container = container
        self._stream = Stream(opened.channel, early=opened.early, on_close=opened.free)
        self._size: Size | None = None
        self._resizing: asyncio.Task[None] | None = None

    def listen(self, on_data: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        """Begin to read."""
        self._stream.listen(on_data, on_closed)

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program."""
        return self._stream.write(data, urgent=urgent)

    def resize(self, size: Size) -> None:
        """Tell the engine the newest size, once the sizes have stopped changing."""
        self._size = size
        if self._resizing is None and not self._stream.closed:
            self._resizing = asyncio.get_running_loop().create_task(self._resize_soon())

    async def set_size(self, size: Size) -> None:
        """Tell the engine a size now; a program that has just ended has none to set."""
        try:
            with engine_errors(f"cannot resize {self._container}"):
                await self._workers.call(
                    lambda: self._api.resize(self._container, height=size.lines, width=size.columns),
                    what=f"resize of {self._container}",
                )
        except EngineError as error:
            _log.info("%s", error)

    def close(self) -> None:
        """Let go of the socket."""
        if self._resizing is not None:
            self._resizing.cancel()
        self._stream.close()

    async def _resize_soon(self) -> None:
        told: Size | None = None
        while told != self._size and not self._stream.closed:
            await asyncio.sleep(RESIZE_DELAY)
            told = self._size
            if told is not None:
                await self.set_size(told)
        self._resizing = None
