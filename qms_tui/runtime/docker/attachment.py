"""Reaching a container's terminal through the socket of the engine's attach call."""

from __future__ import annotations

import contextlib
import ssl
from enum import Enum
from typing import Any

from docker import APIClient

from qms_tui.ipc.stream import Channel, TlsChannel
from qms_tui.runtime.base import Opened
from qms_tui.runtime.docker.engine import engine_errors

ATTACH_DEADLINE = 10.0  # seconds: an attach next to a client that does not read hangs before its headers
# The engine's default would swallow Ctrl-P, an empty string means the default, and the first key is held
# back until the next one comes. So it is one that nobody types: FF and FE never occur in UTF-8.
_DETACH_KEYS = b",".join([b"\xff", b"\xfe"] * 8)


class Direction(Enum):
    """Which way an attached socket goes."""

    INPUT = "input"
    OUTPUT = "output"
    INPUT_ON_PODMAN = "both"
    """Podman ends an attachment that wants no output: what comes is read and dropped."""


def open_socket(api: APIClient, container: str, direction: Direction) -> Opened:
    """Attach to the container. Blocking.

    http.client may have read output together with the headers; without `peek` those bytes are lost.
    """
    output = int(direction is not Direction.INPUT)
    streams = {"stdin": int(direction is not Direction.OUTPUT), "stdout": output, "stderr": output}
    params = {**streams, "stream": 1, "logs": 0, "detachKeys": _DETACH_KEYS}
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
