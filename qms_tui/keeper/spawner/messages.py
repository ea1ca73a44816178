"""What is said on the spawner's socket: JSON objects behind their length, some with a descriptor.

Requests have a `do`:

    start   a `Request` -> `program`
    list    -> `programs`
    hold    `id` -> `program`, with the descriptor of its terminal; the connection stays, and tells the end
    drained on a connection that holds: what the ended program printed is read and kept -> nothing
    end     `agent`, `grace` in seconds -> `program` once its session is gone, null without one
    wait    `agent` -> the same, without ending anything
    watch   -> `programs`, and again whenever one starts or ends
    quit    end everything -> nothing; the connection closes with the spawner

An answer with an `error` says why not; one with `runs` besides has the program that runs already.
Values of the environment are in `start` alone, and in no answer.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

LARGEST = 16 * 1024 * 1024  # bytes of a message: the kernel takes some 2 MB of arguments and environment
_HEAD = struct.Struct(">I")
_READ = 65536
Message = dict[str, Any]


class BadMessage(ValueError):
    """The other side does not speak as we do."""


def encode(message: Message) -> bytes:
    """As bytes."""
    body = json.dumps(message).encode()
    return _HEAD.pack(len(body)) + body


class Reader:
    """Cuts what comes on a connection into messages, and keeps the descriptors that come along."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting = bytearray()
        self.descriptors: list[int] = []

    def read(self) -> list[Message] | None:
        """The messages that are complete after one more read; None at the end.

        Raises BadMessage, and OSError.
        """
        data, descriptors, _, _ = socket.recv_fds(self._connection, _READ, 1)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self.descriptors += descriptors
        if not data:
            return None
        self._waiting += data
        return self._complete()

    def close(self) -> None:
        """Close the descriptors that nobody took."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()

    def _complete(self) -> list[Message]:
        found = []
        while len(self._waiting) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._waiting)
            if length > LARGEST:
                raise BadMessage(f"a message of {length} bytes")
            end = _HEAD.size + length
            if len(self._waiting) < end:
                break
            found.append(_decoded(bytes(self._waiting[_HEAD.size : end])))
            del self._waiting[:end]
        return found


def _decoded(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMessage("no JSON") from error
    if not isinstance(message, dict):
        raise BadMessage("no JSON object")
    return message
