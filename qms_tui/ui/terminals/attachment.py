"""One connection of a screen to the keeper: an agent's terminal, both ways."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qms_tui.ipc import Stranger, check_own, reachable
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.protocol import (
    PROTOCOL,
    Frames,
    Hello,
    Kind,
    ProtocolError,
    frame,
    read_message,
    read_receipt,
    read_return,
    read_size,
    size_frame,
)
from qms_tui.runtime import (
    Closed,
    Fact,
    Led,
    Received,
    Remarked,
    Resized,
    Restored,
    Size,
)
from qms_tui.text.printable import plain
from qms_tui.ui.terminals.keys import Keys

_log = logging.getLogger(__name__)

# Seconds that keys wait for the lead, and so for their size; an engine that hangs takes longer.
TAKE_OVER = 0.25
UNREAD = "it does not read: {} bytes that were typed were not sent"
RESIZE_DELAY = 0.05  # seconds of quiet before a size is passed on: dragging a corner sends dozens


def connect(address: Path) -> socket.socket | None:
    """A connection to a keeper of ours, which has not been greeted; None if there is none now.

    Nothing is waited for: one that has no room for more connections counts as none.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.setblocking(False)
        with reachable(address) as path:
            connection.connect(str(path))
        check_own(connection)
    except (OSError, Stranger) as error:
        _log.debug("no keeper: %s", error)
        connection.close()
        return None
    return connection


class Attachment:
    """Closing it leaves the program and the keeper alone."""

    def __init__(
        self,
        connection: socket.socket,
        hello: Hello,
        on_fact: Callable[[Fact], None],
        on_word: Callable[[], None],
    ) -> None:
        """Takes over the connection; `on_fact` hears of the terminal from the next turn of the loop on.
        `on_word` is called whenever the keeper says anything: it does not hang.

        `Closed` comes once and last, and not after `close()`; a keeper that refuses is lost.
        """
        self._on_fact, self._on_word = on_fact, on_word
        self._frames = Frames()
        self._stream = Stream(connection)
        self._keys = Keys(self._stream, self._not_read)
        self._size = self._told = Size(hello.columns, hello.lines)
        self._typed = False  # since somebody else has led
        self._follows = False
        self._kept: list[tuple[bytes, bool]] = []  # typed while the lead is taken, and whether urgent
        self._taking: asyncio.TimerHandle | None = None
        self._resizing: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._stream.listen(self._received, self._keeper_gone)
        self._stream.write(hello.encode(), urgent=True)

    @property
    def is_read(self) -> bool:
        """Whether what the keeper says is heard: it has not ended, nor is it paused."""
        return not self._stream.closed and not self._is_paused

    def pause(self) -> None:
        """Read no more for now; the keeper goes on, and gives the state when we read on."""
        self._is_paused = True
        self._stream.pause()

    def resume(self) -> None:
        """Read on."""
        self._is_paused = False
        self._stream.resume()

    def ping(self) -> None:
        """Have the keeper say something."""
        self._stream.write(frame(Kind.PING), urgent=True)

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes that a human types; False, and nothing queued, if the program reads too slowly.

        Urgent bytes (keys) still fit when ordinary ones (pastes) are refused.
        """
        if self._taking is None:
            return self._keys.write(data, urgent=urgent, human=True)
        waiting = sum(len(kept) for kept, _ in self._kept)
        if not self._keys.has_room(waiting + len(data), urgent=urgent):
            return False
        self._kept.append((data, urgent))
        return True

    def report(self, data: bytes) -> None:
        """Tell the program of the terminal, which is nothing that a human types."""
        if self._taking is None:
            self._keys.write(data, urgent=True)

    def resize(self, size: Size) -> None:
        """Ask for the newest size, once the sizes have stopped changing; it counts if we lead."""
        self._size = size
        if self._resizing is None and not self._stream.closed:
            self._resizing = asyncio.get_running_loop().call_later(RESIZE_DELAY, self._resize)

    def lead(self) -> None:
        """A human types here."""
        if not self._typed:  # also while we lead because nobody else does: it is known then who typed last
            self._typed = True
            self._stream.write(frame(Kind.LEAD), urgent=True)
            if self._follows:
                self._taking = asyncio.get_running_loop().call_later(TAKE_OVER, self._taken)

    def close(self) -> bytes:
        """Let go of the keeper; what was typed and has not reached the program, as far as anybody knows.

        May be called again: what was typed since is part of it.
        """
        self._taken()
        unsent = self._keys.unsent
        self._keys.close()
        if self._resizing is not None:
            self._resizing.cancel()
        self._stream.close()
        return unsent

    def _taken(self) -> None:
        """Let go of the keys that waited for the lead."""
        if self._taking is None:
            return
        self._taking.cancel()
        # If it took too long, or another was typed into, the next key asks again.
        self._typed = not self._follows
        self._taking, kept, self._kept = None, self._kept, []
        for data, urgent in kept:
            if not self._keys.write(data, urgent=urgent, human=True):
                self._not_read(len(data))

    def _resize(self) -> None:
        self._resizing = None
        if self._told != self._size:
            self._told = self._size
            self._stream.write(size_frame(self._size.columns, self._size.lines), urgent=True)

    def _received(self, data: bytes) -> None:
        self._on_word()
        try:
            for kind, body in self._frames.feed(data):
                self._hear(kind, body)
        except ProtocolError as error:
            _log.error("the keeper is not understood: %s", error)
            self._end(over=False)

    def _hear(self, kind: int, body: bytes) -> None:
        if self._stream.closed:
            return
        if kind == Kind.OUTPUT:
            self._on_fact(Received(body))
        elif kind == Kind.STATE:
            self._on_fact(Restored(body))
        elif kind == Kind.SIZE:
            self._on_fact(Resized(Size(*read_size(body))))
        elif kind == Kind.LEADER:
            content = read_message(body)
            self._led(bool(content.get("ours")), str(content.get("name", "")))
        elif kind == Kind.REMARK:
            content = read_message(body)
            self._on_fact(Remarked(str(content.get("text", "")), serious=bool(content.get("holds"))))
        elif kind == Kind.RECEIPT:
            self._keys.on_receipt(*read_receipt(body))
        elif kind == Kind.RETURN:
            self._keys.on_return(*read_return(body))
        elif kind == Kind.END:
            self._end(over=True)
        else:
            self._hear_greeting(kind, body)

    def _hear_greeting(self, kind: int, body: bytes) -> None:
        content = read_message(body) if kind in (Kind.WELCOME, Kind.REFUSED) else {}
        if kind == Kind.REFUSED:
            _log.info("the keeper refuses: %s", content.get("message", ""))
            self._end(over=False, why=_lasting(content))
        elif kind == Kind.WELCOME and content.get("protocol") != PROTOCOL:
            _log.warning("a keeper of version %s serves", content.get("version"))
            self._end(over=False)  # whoever starts agents replaces it

    def _led(self, ours: bool, name: str) -> None:
        """Who leads from here on; while the lead is being taken, news of others are older than that."""
        self._follows = not ours
        if ours:
            self._taken()
        elif self._taking is None:
            self._typed = False
        self._on_fact(Led(ours, name))

    def _not_read(self, size: int) -> None:
        self._on_fact(Remarked(UNREAD.format(size), serious=False, again=True))

    def _keeper_gone(self) -> None:
        self._end(over=False)

    def _end(self, *, over: bool, why: str = "") -> None:
        self.close()
        self._on_fact(Closed(over, why))


def _lasting(refusal: Mapping[str, Any]) -> str:
    """What a keeper says that will never be ours; any other refusal passes."""
    protocol = refusal.get("protocol")
    is_newer = isinstance(protocol, int) and protocol > PROTOCOL
    return plain(str(refusal.get("message", ""))) if is_newer else ""
