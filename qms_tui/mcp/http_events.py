"""Where in a stream of events we are, so that one that breaks is gone on with (Last-Event-ID). Pure."""

from __future__ import annotations

from typing import Protocol

LONGEST_ID = 1024  # characters; the SDK's server has 36
PAUSE_FIRST, PAUSE_LEAST, PAUSE_MOST = 0.5, 0.05, 10.0  # seconds until a stream is gone on with


class Event(Protocol):
    """As the stream has them: `retry` in milliseconds."""

    @property
    def id(self) -> str: ...
    @property
    def retry(self) -> int | None: ...


class Place:
    """Behind the last event that came with an id."""

    def __init__(self) -> None:
        self.last = ""
        self.pause = PAUSE_FIRST

    def passed(self, event: Event) -> None:
        """An event came. An id that no header can carry is none."""
        if event.id and len(event.id) <= LONGEST_ID and event.id.isascii() and event.id.isprintable():
            self.last = event.id
        if event.retry is not None:
            self.pause = min(max(event.retry / 1000, PAUSE_LEAST), PAUSE_MOST)

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the events behind it."""
        return {"accept": "text/event-stream", **({"last-event-id": self.last} if self.last else {})}
