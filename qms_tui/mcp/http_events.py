"""A stream of events as the HTML standard has it (server-sent events), in pieces; and where in it we are, so
that one that breaks is gone on with (Last-Event-ID). Pure.

Not the HTTP client's own reader: that copies an event several times while everybody waits, 40 ms for 32 MB.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from qms_tui.mcp.lines import Line, LineBuffer

LONGEST_ID = 1024  # characters; the SDK's server has 36
PAUSE_FIRST, PAUSE_LEAST, PAUSE_MOST = 0.5, 0.05, 10.0  # seconds until a stream is gone on with


LONGEST_NAME = 16  # bytes before the colon
LONGEST_VALUE = 4096  # bytes of what is no data


class TooLong(ValueError):
    """An event has more than it may."""


class Event(Struct, frozen=True):
    """`retry` in milliseconds; `data` in pieces."""

    kind: str
    id: str
    retry: int | None
    data: tuple[bytes, ...]


class EventBuffer:
    """What has come of events that have at most so many bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._lines = LineBuffer(longest)
        self._after_return = False
        self._last_id = ""
        self._begin()

    def add(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises TooLong."""
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]
        self._after_return = data.endswith(b"\r")
        events = []
        for line in self._lines.add(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
            if line.size == 0 and self._pending:
                events.append(Event(self._kind or "message", self._last_id, self._retry, tuple(self._data)))
                self._begin()
            elif line.size:
                self._take(line)
        if self._size + self._lines.size > self._longest:
            raise TooLong(f"it has more than {self._longest >> 20} MB")
        return events

    def _begin(self) -> None:
        self._kind, self._pending, self._size = "", False, 0
        self._retry: int | None = None
        self._data: list[bytes] = []

    def _take(self, line: Line) -> None:
        self._size += line.size
        if self._size > self._longest:
            raise TooLong(f"it has more than {self._longest >> 20} MB")
        name, colon, _ = line.start(LONGEST_NAME).partition(b":")
        if name == b"data":
            pieces = line.after(len(name) + len(colon))
            if pieces and pieces[0].startswith(b" "):
                pieces = (pieces[0][1:], *pieces[1:])
            self._data += [b"\n", *pieces] if self._pending and self._data else pieces
            self._data = self._data or [b""]
            self._pending = True
        elif name in (b"event", b"id", b"retry") and line.size <= LONGEST_VALUE:
            self._set(name, line.text.partition(b":")[2].removeprefix(b" ").decode(errors="replace"))

    def _set(self, name: bytes, value: str) -> None:
        self._pending = True
        if name == b"event":
            self._kind = value
        elif name == b"id" and "\0" not in value:
            self._last_id = value
        elif name == b"retry" and value.isascii() and value.isdigit():
            self._retry = int(value[:9])


class Mark(Protocol):
    """What an event says of its place."""

    @property
    def id(self) -> str: ...
    @property
    def retry(self) -> int | None: ...


class Place:
    """Behind the last event that came with an id."""

    def __init__(self) -> None:
        self.last = ""
        self.pause = PAUSE_FIRST

    def passed(self, event: Mark) -> None:
        """An event came. An id that no header can carry is none."""
        if event.id and len(event.id) <= LONGEST_ID and event.id.isascii() and event.id.isprintable():
            self.last = event.id
        if event.retry is not None:
            self.pause = min(max(event.retry / 1000, PAUSE_LEAST), PAUSE_MOST)

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the events behind it."""
        return {"accept": "text/event-stream", **({"last-event-id": self.last} if self.last else {})}
