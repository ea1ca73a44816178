"""BuildKit's progress: what a build's stream carries as `moby.buildkit.trace`, as steps and lines.

Each trace is a protobuf message, `moby.buildkit.v1.StatusResponse` of BuildKit's api/services/control. Only
what is shown is read of it, so no library is needed: which steps have begun, what they do, what they print.
"""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator

from qms_tui.runtime.docker.build_log import BuildLog

TRACE = "moby.buildkit.trace"
# Numbers of the messages' fields.
_VERTICES, _STATUSES, _LOGS = 1, 2, 3
_VERTEX_DIGEST, _VERTEX_NAME, _VERTEX_STARTED = 1, 3, 5
_STATUS_ID, _STATUS_VERTEX = 1, 2
_LOG_MESSAGE = 4
# How protobuf writes a field's value: a number in 7 bits a byte, bytes after their count, or a fixed size.
_VARINT, _BYTES, _FIXED = 0, 2, {1: 8, 5: 4}
_LONGEST_VARINT = 10  # bytes of a number of 64 bits
_STEP = re.compile(r"\[(?:\S+ )?(\d+)/(\d+)\] (.*)", re.DOTALL)

_Fields = dict[int, list[bytes]]


class Traces:
    """Follows one build, and tells its log of what is new."""

    def __init__(self, log: BuildLog) -> None:
        self._log = log
        self._begun: set[bytes] = set()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, trace: str) -> None:
        """The next trace, in base64. One that cannot be read is skipped: it is only progress."""
        try:
            self._add(base64.b64decode(trace))
        except ValueError:
            return

    def _add(self, message: bytes) -> None:
        response = _fields(message)
        for vertex in _messages(response, _VERTICES):
            if _VERTEX_STARTED in vertex and self._is_new(_first(vertex, _VERTEX_DIGEST)):
                self._begin(_first(vertex, _VERTEX_NAME).decode(errors="replace"))
        for status in _messages(response, _STATUSES):
            name = _first(status, _STATUS_ID)
            if self._is_new(_first(status, _STATUS_VERTEX) + name):
                self._log.passing(name.decode(errors="replace"))
        for log in _messages(response, _LOGS):
            self._log.text(self._decoder.decode(_first(log, _LOG_MESSAGE)))

    def _is_new(self, key: bytes) -> bool:
        """A vertex and a status come again and again, whenever something of them changes."""
        known = key in self._begun
        self._begun.add(key)
        return not known

    def _begin(self, name: str) -> None:
        step = _STEP.match(name)
        if step:
            self._log.step(int(step[1]), int(step[2]), step[3])
        else:
            self._log.passing(name)


def _messages(message: _Fields, number: int) -> Iterator[_Fields]:
    return (_fields(inner) for inner in message.get(number, ()))


def _first(message: _Fields, number: int) -> bytes:
    return message.get(number, [b""])[0]


def _fields(message: bytes) -> _Fields:
    """The values that are bytes (strings and messages among them), by number. ValueError if it is cut."""
    found: _Fields = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        size, at = _value(message, at, key & 7)
        if key & 7 == _BYTES:
            found.setdefault(key >> 3, []).append(message[at : at + size])
        at += size
    if at > len(message):
        raise ValueError("the message is cut")
    return found


def _value(message: bytes, at: int, kind: int) -> tuple[int, int]:
    """How many bytes a value has, and where it begins."""
    if kind == _BYTES:
        return _varint(message, at)
    if kind == _VARINT:
        return _varint(message, at)[1] - at, at
    if kind in _FIXED:
        return _FIXED[kind], at
    raise ValueError(f"no such kind of field: {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, and where what follows it begins."""
    value = 0
    for index, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise ValueError("a number without an end")
