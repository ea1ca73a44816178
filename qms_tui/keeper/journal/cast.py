"""A journal as asciicast v2, for asciinema and what else plays that.

Format: https://docs.asciinema.org/manual/asciicast/v2. Only output is there: the journal has no input. Times
run by clocks that never jump; pauses stay, but the header asks players to cut them short, since an agent may
wait for a night. Raw 8-bit controls (after S8C1T), which text cannot hold, become U+FFFD.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from qms_tui.keeper.journal.facts import told
from qms_tui.keeper.journal.reader import Entry, Say, apply, nothing, restored
from qms_tui.keeper.journal.records import Output, Resized, Snapshot
from qms_tui.terminal import Terminal
from qms_tui.terminal.drawn import CLEAN
from qms_tui.text.printable import json_text

LONGEST_PAUSE = 2  # seconds; players let the viewer choose another one
_ENVIRONMENT = {"TERM": "xterm-256color"}


def cast_lines(entries: Iterable[Entry], title: str, since: float = 0.0, say: Say = nothing) -> Iterator[str]:
    """A file's lines, from a moment (seconds since the epoch) on; none if there is no usable snapshot."""
    cast: Cast | None = None
    terminal: Terminal | None = None
    for entry in entries:
        before = terminal
        if isinstance(entry.fact, Snapshot):
            terminal = restored(entry.fact, say) or terminal
        if terminal is None:
            continue
        if cast is None and entry.wall >= since:
            cast = Cast(entry)
            yield from cast.begin(before or terminal, title)
            if before is None:
                continue
        yield from cast.lines(entry, before, terminal) if cast else ()
        apply(terminal, entry.fact)
    if cast is None and terminal is not None:  # nothing has happened since: a picture is left
        yield from Cast(entry).begin(terminal, title)


class Cast:
    """Makes lines of facts; the first one is at time 0."""

    def __init__(self, first: Entry) -> None:
        self._first = first
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def begin(self, terminal: Terminal, title: str) -> Iterator[str]:
        """The header and the screen as it was."""
        yield _json(
            {
                "version": 2,
                "width": terminal.columns,
                "height": terminal.lines,
                "timestamp": int(self._first.wall),
                "idle_time_limit": LONGEST_PAUSE,
                "title": title,
                "env": _ENVIRONMENT,
            }
        )
        yield from self._painted(self._first, terminal)

    def lines(self, entry: Entry, before: Terminal | None, now: Terminal) -> Iterator[str]:
        """What a fact adds; `before` is the terminal until then, another one if a snapshot replaced it."""
        match entry.fact:
            case Output(data):
                yield from self._output(entry, self._decoder.decode(data))
            case Resized(columns, lines):
                yield self._event(entry, "r", f"{columns}x{lines}")
            case Snapshot():
                yield from self._changed(entry, before, now)
            case fact:
                yield self._event(entry, "m", told(fact))

    def _changed(self, entry: Entry, before: Terminal | None, now: Terminal) -> Iterator[str]:
        """Mostly a snapshot tells what is known; after a gap it does not."""
        if before is None or now is before:
            return
        if (before.columns, before.lines) != (now.columns, now.lines):
            yield self._event(entry, "r", f"{now.columns}x{now.lines}")
        if before.drawn() != now.drawn():
            self._decoder.reset()
            yield self._event(entry, "o", CLEAN)
            yield from self._painted(entry, now)

    def _painted(self, entry: Entry, terminal: Terminal) -> Iterator[str]:
        blank = Terminal(terminal.columns, terminal.lines).drawn()
        content = terminal.drawn()
        if content != blank:
            yield from self._output(entry, self._decoder.decode(content))

    def _output(self, entry: Entry, text: str) -> Iterator[str]:
        if text:
            yield self._event(entry, "o", text)

    def _event(self, entry: Entry, code: str, content: str) -> str:
        return _json([round(max(0.0, entry.clock - self._first.clock), 6), code, content])


def _json(value: object) -> str:
    return json_text(value, ascii_only=False) + "\n"
