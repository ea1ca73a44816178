"""The part of a terminal's state that keys, mouse, paste and focus depend on, and the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct


class MouseTracking(Enum):
    """Which mouse events a program wants; values are xterm's private modes."""

    OFF = 0
    X10 = 9
    NORMAL = 1000
    BUTTON = 1002
    ANY = 1003


class MouseEncoding(Enum):
    """How mouse events are written; values are xterm's private modes."""

    LEGACY = 0
    UTF8 = 1005
    SGR = 1006
    URXVT = 1015
    SGR_PIXELS = 1016


@dataclass(frozen=True, slots=True)
class Modes:
    """What a program has set that decides how input is encoded."""

    application_cursor: bool = False
    application_keypad: bool = False
    newline: bool = False
    bracketed_paste: bool = False
    focus_events: bool = False
    alternate_screen: bool = False
    alternate_scroll: bool = True
    mouse_tracking: MouseTracking = MouseTracking.OFF
    mouse_encoding: MouseEncoding = MouseEncoding.LEGACY
    modify_other_keys: int = 0
    kitty_flags: int = 0


class CursorShape(Enum):
    """DECSCUSR shapes; blinking is a matter of whoever draws."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


class Cursor(Struct, frozen=True):
    """Row and column count from 0; a cursor in the pending-wrap state stands in the last column."""

    row: int
    column: int
    visible: bool = True
    shape: CursorShape = CursorShape.BLOCK
