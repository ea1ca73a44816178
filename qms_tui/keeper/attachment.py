"""An agent's terminal in an interface's hands, both ways through the keeper."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from qms_tui.ipc.stream import Stream
from qms_tui.keeper.client import Connection
from qms_tui.keeper.keys import Keys
from qms_tui.keeper.protocol import (
    Kind,
    ProtocolError,
    frame,
    read_message,
    read_receipt,
    read_return,
    read_size,
    size_frame,
)
from qms_tui.runtime import Closed, Fact, Led, Received, Remarked, Resized, Restored, Size

if TYPE_CHECKING:
    from qms_tui.runtime.base import Opened

_log = logging.getLogger(__name__)

PULSE = 0.75  # seconds between questions whether the keeper is there; unanswered until the next one, it hangs
HANGS = "the keeper does not answer: the screen may be old, keys reach the program"
HANGS_WITH_KEYS = "the keeper does not answer: the screen may be old, keys wait for it"
TAKE_OVER = (
    0.25  # seconds that keys wait for the lead, and so for their size; an engine that hangs takes longer
)
UNREAD = "it does not read: {} bytes that were typed were not sent"
RESIZE_DELAY = 0.05  # seconds of quiet before a size is passed on: dragging a corner sends dozens


class KeptAttachment:
    """Closing it leaves the program and the keeper alone."""

    answered = True

    def __init__(
        self, connection: Connection, keyboard: Opened | None, size: Size, *, tell_size: bool = False
    ) -> None:
        """`size` is what the keeper has been told; it is told again where it could not be set yet.

        `keyboard` is the way past a keeper that hangs or is gone; without one, keys wait for it.
        """
        connection.socket.setblocking(False)
        self._connection = connection
        self._output = Stream(connection.socket)
        self._input: Stream | None = None
        if keyboard is not None:
            self._input = Stream(keyboard.channel, early=keyboard.early, on_close=keyboard.free)
        self._keys = Keys(self._output, self._input, self._not_read)
        self._on_fact: Callable[[Fact], None] = lambda fact: None
        self._size = self._told = size
        self._typed = False  # since somebody else has led
        self._follows = False
        self._kept: list[tuple[bytes, bool]] = []  # written while the lead is taken, and whether urgent
        self._taking: asyncio.TimerHandle | None = None
        self._resizing: asyncio.TimerHandle | None = None
        self._pulse: asyncio.TimerHandle | None = None
        self._asked = self._hangs = self._paused = False
        self._remark = ""  # what the keeper said last that holds
        if tell_size:  # before its start the engine has no terminal to set: the program may see 0x0
            self._output.write(size_frame(size.columns, size.lines), urgent=True)

    def listen(self, on_fact: Callable[[Fact], None]) -> None:
        """Begin to read."""
        self._on_fact = on_fact
        early, self._connection.early = self._connection.early, []
        for kind, body in early:
            self._hear(kind, body)
        self._output.listen(self._received, self._keeper_gone)
        if self._input is not None:
            self._input.listen(lambda data: None, self._engine_gone)
        if not self._output.closed:
            self._ask()

    def pause(self) -> None:
        """Read no more for now; the keeper goes on, and gives the state when we read on."""
        self._paused = self._keys.is_paused = True
        self._output.pause()

    def resume(self) -> None:
        """Read on."""
        self._paused = self._asked = self._keys.is_paused = False
        self._output.resume()

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program."""
        if self._taking is None:
            return self._keys.write(data, urgent=urgent)
        waiting = sum(len(kept) for kept, _ in self._kept)
        if not self._keys.has_room(waiting + len(data), urgent=urgent):
            return False
        self._kept.append((data, urgent))
        return True

    def resize(self, size: Size) -> None:
        """Ask the keeper for the newest size, once the sizes have stopped changing."""
        self._size = size
        if self._resizing is None and not self._output.closed:
            self._resizing = asyncio.get_running_loop().call_later(RESIZE_DELAY, self._resize)

    def lead(self) -> None:
        """A human types here."""
        if not self._typed:  # also while we lead because nobody else does: it is known then who typed last
            self._typed = True
            self._output.write(frame(Kind.LEAD))
            if self._follows:
                self._taking = asyncio.get_running_loop().call_later(TAKE_OVER, self._taken)

    def _taken(self) -> None:
        """Let go of the keys that waited for the lead."""
        if self._taking is None:
            return
        self._taking.cancel()
        self._typed = (
            not self._follows
        )  # if it took too long, or another was typed into, the next key asks again
        self._taking, kept, self._kept = None, self._kept, []
        for data, urgent in kept:
            if not self._keys.write(data, urgent=urgent):
                self._not_read(len(data))

    def close(self) -> None:
        """Let go of the keeper and of the engine."""
        self._taken()
        self._keys.close()
        for timer in (self._resizing, self._pulse):
            if timer is not None:
                timer.cancel()
        self._output.close()
        if self._input is not None:
            self._input.close()

    def _resize(self) -> None:
        self._resizing = None
        if self._told != self._size:
            self._told = self._size
            self._output.write(size_frame(self._size.columns, self._size.lines), urgent=True)

    def _ask(self) -> None:
        """Ask whether the keeper is there; one that has said nothing since the last question hangs."""
        if self._asked and not self._paused and not self._hangs:
            self._hangs = True
            self._keys.on_silence()
            self._on_fact(Remarked(HANGS if self._input is not None else HANGS_WITH_KEYS, serious=True))
        if not self._asked and not self._paused:
            self._asked = True
            self._output.write(frame(Kind.PING), urgent=True)
        if not self._output.closed:
            self._pulse = asyncio.get_running_loop().call_later(PULSE, self._ask)

    def _answered(self) -> None:
        self._asked = False
        self._keys.on_answer()
        if self._hangs:
            self._hangs = False
            self._on_fact(Remarked("the keeper answers again", serious=False))
            if self._remark:
                self._on_fact(Remarked(self._remark, serious=True))

    def _received(self, data: bytes) -> None:
        self._answered()
        try:
            for kind, body in self._connection.frames.feed(data):
                self._hear(kind, body)
        except ProtocolError as error:
            _log.error("the keeper is not understood: %s", error)
            self._end(Closed(over=False))

    def _hear(self, kind: int, body: bytes) -> None:
        if self._output.closed:
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
            holds, again = bool(content.get("holds")), bool(content.get("again"))
            self._remarked(str(content.get("text", "")), holds, again)
        elif kind == Kind.RECEIPT:
            self._keys.on_receipt(*read_receipt(body))
        elif kind == Kind.RETURN:
            self._keys.on_return(*read_return(body))
        elif kind == Kind.END:
            self._end(Closed(over=True))

    def _led(self, ours: bool, name: str) -> None:
        """Who leads from here on; while the lead is being taken, news of others are older than that."""
        self._follows = not ours
        if ours:
            self._taken()
        elif self._taking is None:
            self._typed = False
        self._on_fact(Led(ours, name))

    def _remarked(self, text: str, holds: bool, again: bool) -> None:
        self._remark = text if holds else ""
        self._on_fact(Remarked(text, serious=holds, again=again))

    def _not_read(self, size: int) -> None:
        self._on_fact(Remarked(UNREAD.format(size), serious=False))

    def _keeper_gone(self) -> None:
        self._taken()
        self._end(Closed(over=False, unsent=self._keys.on_loss()))

    def _engine_gone(self) -> None:
        """The way of the input closed: the engine went away, or the program ended."""
        self._end(Closed(over=True))

    def _end(self, closed: Closed) -> None:
        self.close()
        self._on_fact(closed)
