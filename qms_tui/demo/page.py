"""A document on the whole screen: the alternate screen, keys, wheel and a new size at any time.

It uses what full-screen programs use, so that a pane has something to show (xterm ctlseqs): 1049 (alternate
screen), 25 (cursor), 1 (application cursor keys), 1000 and 1006 (wheel), 2026 (synchronized output).
"""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from qms_tui.demo.ink import clip, markdown, pad, sgr, wrapped
from qms_tui.demo.keyboard import Size, key_by_key, size, size_changes

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?1h\x1b[?1000h\x1b[?1006h"
_LEAVE = "\x1b[?1006l\x1b[?1000l\x1b[?1l\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_MAX_READ = 1024  # bytes at once
_MAX_PENDING = 64  # bytes of an unfinished sequence; above, nobody's terminal sends that
_MAX_COLUMNS = 100  # text in longer lines is hard to read
_WHEEL = 3  # lines for one notch
_MEANWHILE = 0.5  # seconds between two calls of what goes on behind the page

_KEY = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b[^\[O\x1b]|[^\x1b]|\x1b(?=\x1b)")
_LINES_DOWN = {b"j": 1, b"\r": 1, b"\n": 1, b"\x1bOB": 1, b"\x1b[B": 1}
_LINES_UP = {b"k": -1, b"\x1bOA": -1, b"\x1b[A": -1}
_PAGES = {b" ": 1, b"f": 1, b"\x1b[6~": 1, b"b": -1, b"\x1b[5~": -1}
_ENDS = {b"g": 0, b"\x1b[H": 0, b"\x1bOH": 0, b"G": 1, b"\x1b[F": 1, b"\x1bOF": 1}
_WHEEL_UP, _WHEEL_DOWN = b"\x1b[<64;", b"\x1b[<65;"


@dataclass(frozen=True)
class View:
    """A document wrapped for a size, and the first line that is seen."""

    lines: tuple[str, ...]
    size: Size
    top: int = 0

    @property
    def height(self) -> int:
        """Lines for text: the last one is the status line."""
        return max(1, self.size.lines - 1)

    @property
    def last_top(self) -> int:
        return max(0, len(self.lines) - self.height)


def resized(view: View, text: str, at: Size) -> View:
    """`view` in a new size, at the same part of the document."""
    lines = tuple(wrapped(text, min(at.columns, _MAX_COLUMNS)))
    top = view.top * len(lines) // max(1, len(view.lines))
    return _scrolled(View(lines, at), top)


def pressed(view: View, key: bytes) -> View | None:
    """`view` after `key`; None means that the reader leaves."""
    if key in (b"q", b"Q"):
        return None
    if key in _ENDS:
        return _scrolled(view, _ENDS[key] * view.last_top)
    return _scrolled(view, view.top + _distance(view, key))


def _distance(view: View, key: bytes) -> int:
    """How many lines `key` goes down. Keys without a meaning go nowhere."""
    if key.startswith((_WHEEL_UP, _WHEEL_DOWN)):
        return -_WHEEL if key.startswith(_WHEEL_UP) else _WHEEL
    lines = _LINES_DOWN.get(key, 0) + _LINES_UP.get(key, 0)
    return lines + _PAGES.get(key, 0) * max(1, view.height - 1)


def _scrolled(view: View, top: int) -> View:
    return replace(view, top=max(0, min(top, view.last_top)))


def painted(view: View, title: str) -> str:
    """The bytes that put `view` on the screen, every cell of it."""
    columns = view.size.columns
    seen = view.lines[view.top : view.top + view.height]
    rows = [markdown(clip(line, columns)) for line in seen] + [""] * (view.height - len(seen))
    # erase first: after a full line the cursor still stands on its last cell, and EL would take that
    body = "".join(f"\x1b[{row};1H\x1b[K{text}" for row, text in enumerate(rows, 1))
    if view.size.lines < 2:
        return f"{_BEGIN}{body}{_END}"
    return f"{_BEGIN}{body}\x1b[{view.size.lines};1H{sgr('7', pad(_status(view, title), columns))}{_END}"


def _status(view: View, title: str) -> str:
    last = min(view.top + view.height, len(view.lines))
    return f" {title}  lines {view.top + 1}-{last} of {len(view.lines)}  j k space b g G, q leaves"


def split_keys(data: bytes) -> tuple[list[bytes], bytes]:
    """The keys in `data`, and the start of one that has not arrived completely."""
    keys, end = [], 0
    while match := _KEY.match(data, end):
        keys.append(match.group())
        end = match.end()
    rest = data[end:]
    return keys, rest if len(rest) <= _MAX_PENDING else b""


def show(text: str, title: str, meanwhile: Callable[[], None]) -> None:
    """Let somebody read `text`, which is clean, until they leave or press Ctrl+C. Restores the screen.

    Calls `meanwhile` again and again.
    """
    with key_by_key(), size_changes() as sizes:
        try:
            _write(_ENTER)
            _read_on(text, title, sizes, meanwhile)
        except KeyboardInterrupt:
            return
        finally:
            _write(_LEAVE)


def _read_on(text: str, title: str, sizes: int, meanwhile: Callable[[], None]) -> None:
    view: View | None = resized(View((), size()), text, size())
    pending = b""
    while view is not None:
        _write(painted(view, title))
        keys, pending = _next_keys(sizes, pending, meanwhile)
        if view.size != (now := size()):
            view = resized(view, text, now)
        view = _pressed_all(view, keys)


def _pressed_all(view: View, keys: Sequence[bytes]) -> View | None:
    for key in keys:
        after = pressed(view, key)
        if after is None:
            return None
        view = after
    return view


def _next_keys(sizes: int, pending: bytes, meanwhile: Callable[[], None]) -> tuple[list[bytes], bytes]:
    """Wait for keys or for a new size, which comes without keys.

    Raises:
        EOFError: nobody is there any more.
    """
    keyboard = sys.stdin.fileno()
    while not (ready := select.select([keyboard, sizes], [], [], _MEANWHILE)[0]):
        meanwhile()
    if sizes in ready:
        os.read(sizes, _MAX_READ)
    if keyboard not in ready:
        return [], pending
    data = os.read(keyboard, _MAX_READ)
    if not data:
        raise EOFError
    return split_keys(pending + data)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
