"""A journal as text: what scrolled by, what full-screen programs showed, what is on the screen in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qms_tui.keeper.journal.facts import told
from qms_tui.keeper.journal.full_screen import FullScreen
from qms_tui.keeper.journal.main_screen import MainScreen
from qms_tui.keeper.journal.reader import Entry, Say, apply, nothing, restored
from qms_tui.keeper.journal.records import Output, Resized, Snapshot
from qms_tui.terminal import Terminal
from qms_tui.text.printable import painted
from qms_tui.text.times import moment

_PIECE = 4096  # bytes fed at a time: what they scroll off fits into the history
_PAUSE = 1.0  # seconds after which what is written is no repaint of what was erased
_ERASES = re.compile(
    rb"\x1b\[[23]J|\x1b\[(?:1;1|1|;)?[Hf]\x1b\[0?J|\x1bc|\x1b\[\?[0-9;]{0,20}(?:47|1047|1049)[0-9;]{0,20}[hl]"
)
_SWITCHES = (b"h", b"l")
_BEGUN = re.compile(rb"(?:\x1b\[[0-9;]{0,8}[Hf])?(?:\x1b(?:\[[?0-9;]{0,40})?)?\Z")


def text_lines(entries: Iterable[Entry], since: float | None = None, say: Say = nothing) -> Iterator[str]:
    """Plain lines without line ends, from a moment (seconds since the epoch) or from the beginning."""
    text: Text | None = None
    terminal: Terminal | None = None
    for entry in entries:
        if text is None and terminal is not None and since is not None and entry.wall >= since:
            text = Text(terminal, entry.clock, say)
        if text is not None:
            yield from map(painted, text.take(entry))
            continue
        terminal = restored(entry.fact, say) or terminal
        if terminal is not None and since is None:
            text = Text(terminal, entry.clock, say)
            yield from map(painted, text.past())
        elif terminal is not None:
            apply(terminal, entry.fact)
    if text is None and terminal is not None:
        text = Text(terminal, 0.0, say)
    if text is not None:
        yield from map(painted, text.rest())


def log_lines(log: bytes, columns: int, lines: int) -> Iterator[str]:
    """An engine's log as such lines: what a program has printed on a terminal of this size."""
    terminal = Terminal(columns, lines)
    terminal.muted = True
    text = Text(terminal, 0.0, nothing)
    yield from text.take(Entry(0.0, 0.0, Output(log)))
    yield from text.rest()


class Text:
    """Follows a terminal through facts."""

    def __init__(self, terminal: Terminal, now: float, say: Say) -> None:
        self._terminal, self._now, self._say = terminal, now, say
        self._main = MainScreen(terminal)
        self._full = FullScreen(terminal, now) if _is_full(terminal) else None
        self._held = b""

    def past(self) -> Iterator[str]:
        """What had scrolled off before."""
        return self._main.history()

    def take(self, entry: Entry) -> Iterator[str]:
        """What a fact adds."""
        if self._full is not None and not self._terminal.synchronized:
            yield from self._full.still(entry.clock)
        if entry.clock - self._now >= _PAUSE:
            self._main.pause()
        self._now = entry.clock
        if not isinstance(entry.fact, Output):
            yield from self._feed(self._taken())
        match entry.fact:
            case Output(data):
                yield from self._output(self._taken() + data)
            case Resized(columns, lines):
                yield from self._resize(columns, lines)
            case Snapshot():
                yield from self._replace(restored(entry.fact, self._say))
            case fact:
                yield from self._visible(erased=False)
                yield f"-- {moment(entry.wall)} {told(fact)} --"

    def rest(self) -> Iterator[str]:
        """What is on the screen in the end."""
        yield from self._feed(self._taken())
        shown = [*self._visible(erased=False)]
        if self._full is not None:
            self._full = None
            self._terminal.feed(b"\x1b[?47l")
            yield from self._main.visible(erased=False)
        yield from shown

    def _output(self, data: bytes) -> Iterator[str]:
        begun = _BEGUN.search(data)
        if begun and begun[0]:
            data, self._held = data[: begun.start()], begun[0]
        start = 0
        for match in _ERASES.finditer(data):
            yield from self._feed(data[start : match.start()])
            yield from self._visible(erased=not match[0].endswith(_SWITCHES))
            start = match.start()
        yield from self._feed(data[start:])

    def _taken(self) -> bytes:
        """What was held back because it may be the beginning of an erasure."""
        held, self._held = self._held, b""
        return held

    def _feed(self, data: bytes) -> Iterator[str]:
        for at in range(0, len(data), _PIECE):
            self._terminal.feed(data[at : at + _PIECE])
            yield from self._after()

    def _after(self) -> Iterator[str]:
        """Look at what a piece of output has done."""
        damage = self._terminal.take_damage()
        yield from self._main.scrolled(damage.history_added)
        if not _is_full(self._terminal):
            self._full = None
        elif self._full is None:
            self._full = FullScreen(self._terminal, self._now)
        else:
            self._full.changed(self._terminal, damage.rows, self._now)

    def _visible(self, *, erased: bool) -> Iterator[str]:
        if self._full is not None:
            yield from self._full.all()
        else:
            yield from self._main.visible(erased=erased)

    def _resize(self, columns: int, lines: int) -> Iterator[str]:
        yield from self._main.resize(columns, lines)
        if self._full is not None:
            self._full.changed(self._terminal, frozenset(range(lines)), self._now)

    def _replace(self, terminal: Terminal | None) -> Iterator[str]:
        """Mostly a snapshot tells what is known; after a gap, or of a new container, it does not."""
        if terminal is None or _is_same(terminal, self._terminal):
            return
        yield from self._visible(erased=False)
        self._terminal = terminal
        self._main.follow(terminal)
        self._full = FullScreen(terminal, self._now) if _is_full(terminal) else None


def _is_full(terminal: Terminal) -> bool:
    return terminal.modes.alternate_screen


def _is_same(one: Terminal, other: Terminal) -> bool:
    return one.display == other.display and one.cursor == other.cursor and one.modes == other.modes
