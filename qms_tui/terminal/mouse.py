"""Mouse events to the bytes a program asked for. Source: xterm's ctlseqs, "Mouse Tracking".

Deviation: a position that an encoding cannot express is not sent; xterm sends a NUL for the first such
column, which no program reads as "too far right".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from qms_tui.terminal.keys import Modifier
from qms_tui.terminal.modes import Modes, MouseEncoding, MouseTracking


class MouseButton(Enum):
    """Buttons; values are xterm's codes."""

    LEFT = 0
    MIDDLE = 1
    RIGHT = 2
    NONE = 3
    WHEEL_UP = 64
    WHEEL_DOWN = 65
    WHEEL_LEFT = 66
    WHEEL_RIGHT = 67
    BACK = 128
    FORWARD = 129
    BUTTON_10 = 130
    BUTTON_11 = 131


class MouseAction(Enum):
    """What happened; a turn of the wheel is a press."""

    PRESS = auto()
    RELEASE = auto()
    MOVE = auto()


@dataclass(frozen=True, slots=True)
class MouseEvent:
    """An event over the cell at `column`, `row`, counted from 0; `button` is NONE for a move without one.

    `pixel_x` and `pixel_y` count from 0 within the terminal, for mode 1016; without them cells are sent.
    """

    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: Modifier = Modifier.NONE
    pixel_x: int | None = None
    pixel_y: int | None = None


_MOTION = 32
_OFFSET = 33  # a space, and counting from 1
_LEGACY_LIMIT = 255 - _OFFSET
_UTF8_LIMIT = 2047 - _OFFSET
_MODIFIER_CODES = ((Modifier.SHIFT, 4), (Modifier.ALT, 8), (Modifier.CTRL, 16))


def encode_mouse(event: MouseEvent, modes: Modes) -> bytes | None:
    """The report of an event, None if the program did not ask for it or it cannot be expressed."""
    if event.column < 0 or event.row < 0 or not _is_wanted(event, modes.mouse_tracking):
        return None
    code = _code(event, modes.mouse_tracking)
    encoding = modes.mouse_encoding
    if encoding is MouseEncoding.SGR:
        return _sgr(event, code, event.column, event.row)
    if encoding is MouseEncoding.SGR_PIXELS:
        x = event.column if event.pixel_x is None else event.pixel_x
        y = event.row if event.pixel_y is None else event.pixel_y
        return _sgr(event, code, x, y)
    if event.action is MouseAction.RELEASE:
        code = (code & ~(3 | 192)) | MouseButton.NONE.value  # these encodings cannot say which button
    if encoding is MouseEncoding.URXVT:
        return b"\x1b[%d;%d;%dM" % (code + 32, event.column + 1, event.row + 1)
    limit = _UTF8_LIMIT if encoding is MouseEncoding.UTF8 else _LEGACY_LIMIT
    if max(event.column, event.row) > limit:
        return None
    values = "".join(map(chr, (code + 32, event.column + _OFFSET, event.row + _OFFSET)))
    return b"\x1b[M" + values.encode("utf-8" if encoding is MouseEncoding.UTF8 else "latin-1")


def _is_wanted(event: MouseEvent, tracking: MouseTracking) -> bool:
    if tracking is MouseTracking.OFF:
        return False
    if tracking is MouseTracking.X10:
        return event.action is MouseAction.PRESS and event.button.value < MouseButton.NONE.value
    if event.action is MouseAction.MOVE:
        dragging = tracking is MouseTracking.BUTTON and event.button is not MouseButton.NONE
        return dragging or tracking is MouseTracking.ANY
    wheel = MouseButton.WHEEL_UP.value <= event.button.value <= MouseButton.WHEEL_RIGHT.value
    return event.button is not MouseButton.NONE and not (wheel and event.action is MouseAction.RELEASE)


def _code(event: MouseEvent, tracking: MouseTracking) -> int:
    code = event.button.value
    if event.action is MouseAction.MOVE:
        code += _MOTION
    if tracking is not MouseTracking.X10:  # X10 compatibility mode knows no modifiers
        code += sum(bits for modifier, bits in _MODIFIER_CODES if event.modifiers & modifier)
    return code


def _sgr(event: MouseEvent, code: int, x: int, y: int) -> bytes:
    final = b"m" if event.action is MouseAction.RELEASE else b"M"
    return b"\x1b[<%d;%d;%d%b" % (code, x + 1, y + 1, final)
