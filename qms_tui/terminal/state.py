"""A terminal as bytes and back, exactly: both go on alike, byte for byte, even from the middle of a sequence.

The bytes are a header (magic, version, size, checksum) and a pickle of builtin values, read by an unpickler
that knows no class: damage is found, nothing is ever executed. The checksum is no seal: a state comes from
the same user's keeper. Not compressed: for 2 MB zlib needs three to ten times as long as all the rest.

Each part gives and takes its own state, by the names of its attributes; the screen's own is here.

Not saved, since it is the host's to set: the terminal's name, the cell's size in pixels, the host's colours,
the clock, whether replies are muted. Not saved, since it is taken once: replies, events, damage.
"""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from typing import NoReturn

from qms_tui.terminal.charsets import Charsets
from qms_tui.terminal.history import History
from qms_tui.terminal.modes import CursorShape
from qms_tui.terminal.parser import Parser
from qms_tui.terminal.program_status import StatusRecords
from qms_tui.terminal.resizing import possible
from qms_tui.terminal.screen import Screen
from qms_tui.terminal.shapes import State, assign, checked, plain

VERSION = 2  # goes up when saved values change their meaning; other names or shapes are refused anyway
LARGEST = 16_500_000
"""Bytes of the largest state, whatever a program writes and however large its screen is.

The parts at most, in bytes: history 5.5 M (history.MOST_BYTES), the two screens 1.9 M each (4 of a cell's
character and 3 of its look, resizing.MAX_CELLS), rows below the screen 1 M (resizing.MAX_BELOW), links 1.5 M
(looks.MAX_LINK_BYTES), the other parts of looks and the remembered steps between them 1.4 M
(looks.MAX_LOOKS), clusters 1.2 M (clusters.MAX_CLUSTERS of clusters.MAX_CODE_POINTS), an unfinished control
string 1.1 M (parser.MAX_STRING), records of the program's status 0.7 M
(program_status.MOST_RECORDS of 2,500), titles, colours, tab stops and modes 0.2 M. All are bounded when they
are fed, not when they are saved: a restored terminal must go on as the saved one does.
"""
_BEFORE_STATUS = 1  # a version whose states lack `status` only: journals have such
_HEADER = struct.Struct(">8sHQI")  # magic, version, bytes of the pickle, CRC-32 of all but itself
_MAGIC = b"qms-term"

_PLAIN = {
    "columns": int,
    "lines": int,
    "title": str,
    "icon_name": str,
    "titles": [(str, str)],
    "blinking": bool,
    "shape_number": int,
    "modify_other_keys": int,
    "level": int,
    "eight_bit": bool,
    "guarded": str | None,
    "stream_attributes": bool,
    "saved_modes": {int: bool},
    "last": str,
    "look": str,
    "pending": bool,
    "top": int,
    "bottom": int,
    "left": int,
    "right": int,
    "osc_end": str,
    "_patience": int,
}
_PARTS = {
    **dict.fromkeys(("main", "alternate", "history", "looks", "clusters"), dict),
    **dict.fromkeys(("tabs", "charsets", "colors", "status"), dict),
}
_OTHERS = {"page": bool, "cursor": (int, int), "mode": [int], "shape": str}
_SCREEN = {**_PLAIN, **_PARTS, **_OTHERS}
_REFUSALS = (  # what the unpickler raises when it is given something else
    *(pickle.UnpicklingError, ValueError, TypeError, AttributeError, EOFError, ImportError),
    *(LookupError, OverflowError, MemoryError),
)


def save(screen: Screen, parser: Parser) -> bytes:
    """A state for `restored`."""
    return _packed(screen_state(screen), parser)


def save_visible(screen: Screen, parser: Parser) -> bytes:
    """The same of what is visible, and of the row above that: whether a line goes on from there."""
    return _packed(screen_state(screen, screen.history.newest(1)), parser)


def _packed(screen: State, parser: Parser) -> bytes:
    body = pickle.dumps({"screen": screen, "parser": parser.state()}, protocol=5)
    return _header(body) + body


def restored(state: bytes) -> tuple[Screen, Parser]:
    """What was saved, on a new screen and parser.

    Raises:
        ValueError: this is no whole, undamaged state of this version.
    """
    values = read(state)
    screen = _restored_screen(values["screen"])
    parser = Parser(screen)
    parser.restore(values["parser"])
    return screen, parser


def read(state: bytes) -> State:
    """The values in a state, as `screen` and `parser`; ValueError as for `restored`."""
    header, body = state[: _HEADER.size], state[_HEADER.size :]
    is_older = header == _header(body, _BEFORE_STATUS)
    if header != _header(body) and not is_older:
        raise ValueError("this is no terminal saved by this version, or it is damaged")
    try:
        values = _Builtins(io.BytesIO(body)).load()
    except _REFUSALS as error:
        raise ValueError(f"this is no saved terminal: {error}") from error
    checked(values, {"screen": dict, "parser": dict})
    if is_older:
        values["screen"]["status"] = StatusRecords().state()
    return dict(values)


class _Builtins(pickle.Unpickler):
    """Reads builtin values only."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Refuse every class and function."""
        raise pickle.UnpicklingError("a saved terminal has plain values only")


def _header(body: bytes, version: int = VERSION) -> bytes:
    start = _HEADER.pack(_MAGIC, version, len(body), 0)
    return _HEADER.pack(_MAGIC, version, len(body), zlib.crc32(body, zlib.crc32(start)))


def screen_state(screen: Screen, history: State | None = None) -> State:
    """What is saved of a screen, by the names of its attributes; `history` stands in for its own."""
    names = _PARTS if history is None else _PARTS.keys() - {"history"}
    parts = {name: getattr(screen, name).state() for name in names}
    if history is not None:
        parts["history"] = history
    return {
        **plain(screen, _PLAIN),
        **parts,
        "page": screen.is_alternate,
        "cursor": (screen.cursor.x, screen.cursor.y),
        "mode": sorted(screen.mode),
        "shape": screen.shape.value,
    }


def _restored_screen(state: State) -> Screen:
    checked(state, _SCREEN)
    _check_places(state)
    history = History.restored(state["history"])
    screen = Screen(state["columns"], state["lines"], 0)
    screen.history = history
    assign(screen, {name: state[name] for name in _PLAIN}, _PLAIN)
    for name in ("main", "alternate", "looks", "clusters", "tabs", "colors", "status"):
        getattr(screen, name).restore(state[name])
    screen.charsets = Charsets.restored(state["charsets"])
    _restore_others(screen, state)
    screen.history.fit(screen.columns)
    screen.looks.need(screen.look, screen.main.saved.look, screen.alternate.saved.look)
    return screen


def _restore_others(screen: Screen, state: State) -> None:
    screen.page = screen.alternate if state["page"] else screen.main
    screen.rows = screen.page.rows
    screen.cursor.x, screen.cursor.y = state["cursor"]
    screen.mode = {*state["mode"]}
    screen.shape = CursorShape(state["shape"])
    screen.settle()


def _check_places(state: State) -> None:
    """Size, margins and cursor must be possible."""
    columns, lines = state["columns"], state["lines"]
    x, y = state["cursor"]
    is_possible = (
        possible(columns, lines) == (columns, lines)
        and 0 <= state["top"] <= state["bottom"] < lines
        and 0 <= state["left"] <= state["right"] < columns
        and 0 <= x < columns
        and 0 <= y < lines
    )
    if not is_possible:
        raise ValueError("a saved terminal has its cursor or margins outside of its screen")
