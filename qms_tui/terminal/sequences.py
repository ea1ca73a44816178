"""Which sequence does what: the tables of control characters, escapes and control sequences."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qms_tui.terminal import editing, movement, rectangles, reports, switches
from qms_tui.terminal.events import Bell
from qms_tui.terminal.sgr import number, without_zeros

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

Act = Callable[[Any, Any], None]
Plan = tuple[Act, Any]

MAX_PARAMETERS = 32  # xterm takes 30
MAX_BODY = 1024  # characters of a control sequence, leading zeros not counted; a longer one is ignored

_BODY = re.compile(r"([<-?]?)([0-9:;]*)([ -/]*)([@-~])")


def _lock(slot: int) -> Callable[[Screen], None]:
    def act(screen: Screen) -> None:
        screen.charsets.locked = slot
        screen.settle()

    return act


def _shift(slot: int) -> Callable[[Screen], None]:
    def act(screen: Screen) -> None:
        screen.charsets.single = slot
        screen.settle()

    return act


def _ring(screen: Screen) -> None:
    screen.happened(Bell())


CONTROLS: dict[str, Callable[[Screen], None]] = {
    "\x07": _ring,
    "\b": movement.backspace,
    "\t": movement.tab,
    "\n": lambda screen: screen.linefeed(),
    "\v": lambda screen: screen.linefeed(),
    "\f": lambda screen: screen.linefeed(),
    "\r": lambda screen: screen.carriage_return(),
    "\x0e": _lock(1),
    "\x0f": _lock(0),
}

ESCAPES: dict[str, Callable[[Screen], None]] = {
    "6": editing.back_index,
    "7": switches.save_cursor,
    "8": switches.restore_cursor,
    "9": editing.forward_index,
    "=": switches.keypad_application,
    ">": switches.keypad_numeric,
    "D": movement.index,
    "E": movement.next_line_index,
    "H": lambda screen: screen.tabs.set(screen.cursor.x),
    "M": lambda screen: screen.reverse_index(),
    "N": _shift(2),
    "O": _shift(3),
    "V": editing.guard_on,
    "W": editing.guard_off,
    "Z": reports.identify,
    "c": switches.hard_reset,
    "n": _lock(2),
    "o": _lock(3),
    "#8": movement.alignment,
    " F": switches.seven_bit,
    " G": switches.eight_bit,
}

_SEQUENCES: dict[str, Act] = {
    "@": editing.insert_characters,
    "A": movement.up,
    "B": movement.down,
    "C": movement.forward,
    "D": movement.back,
    "E": movement.next_line,
    "F": movement.previous_line,
    "G": movement.column,
    "H": movement.position,
    "I": movement.tab,
    "J": editing.in_display,
    "?J": editing.in_display_selective,
    "K": editing.in_line,
    "?K": editing.in_line_selective,
    "L": editing.insert_lines,
    "M": editing.delete_lines,
    "P": editing.delete_characters,
    "S": editing.scroll_up,
    "T": editing.scroll_down,
    "?W": movement.tab_every_8,
    "X": editing.characters,
    "Z": movement.back_tab,
    "^": editing.scroll_down,
    "`": movement.column,
    "a": movement.column_relative,
    "b": editing.repeat,
    "c": reports.primary,
    ">c": reports.secondary,
    "=c": reports.tertiary,
    "d": movement.row,
    "e": movement.row_relative,
    "f": movement.position,
    "g": movement.clear_tabs,
    "h": switches.set_ansi,
    "?h": switches.set_private,
    "j": movement.column_back,
    "k": movement.row_back,
    "l": switches.reset_ansi,
    "?l": switches.reset_private,
    ">m": switches.modify_keys,
    "?m": switches.ask_modify_keys,
    "n": reports.status,
    "?n": reports.private_status,
    ">n": switches.modify_keys_off,
    "!p": switches.soft_reset,
    '"p': switches.level,
    "$p": switches.ask_ansi,
    "?$p": switches.ask_private,
    ">q": reports.version,
    " q": switches.cursor_shape,
    '"q': editing.protect,
    "r": movement.top_bottom_margins,
    "?r": switches.restore_modes,
    "$r": rectangles.change_attributes,
    "s": switches.save_or_margins,
    "?s": switches.save_modes,
    "t": reports.window,
    "$t": rectangles.reverse_attributes,
    "u": switches.restore,
    ">u": switches.push_keyboard,
    "<u": switches.pop_keyboard,
    "=u": switches.set_keyboard,
    "?u": switches.ask_keyboard,
    "$v": rectangles.copy,
    "x": reports.parameters,
    "*x": rectangles.extent,
    "$x": rectangles.fill,
    "$z": rectangles.erase,
    "${": rectangles.erase_selective,
    "'}": editing.insert_columns,
    "'~": editing.delete_columns,
    " @": editing.shift_left,
    " A": editing.shift_right,
}


def graphics(screen: Any, parameters: Any) -> None:
    """SGR: the parser does it, with what it remembers of looks."""
    raise AssertionError("SGR is the parser's")


def nothing(screen: Any, parameters: Any) -> None:
    """What unknown sequences do."""


def plan(body: str) -> Plan:
    """What a control sequence (its body without CSI) does, and its parameters: at least two, 0 if missing."""
    if len(body) > MAX_BODY:
        body = without_zeros(body)
    match = _BODY.fullmatch(body) if len(body) <= MAX_BODY else None
    if not match:
        return nothing, ()
    prefix, fields, intermediates, final = match.groups()
    if final == "m" and not prefix and not intermediates:
        return graphics, ()
    act = _SEQUENCES.get(prefix + intermediates + final)
    if act is None or ":" in fields:
        return nothing, ()
    values = [number(field) for field in fields.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]]
    return act, tuple(values if len(values) > 1 else [*values, 0])


def escape(screen: Screen, body: str) -> None:
    """An escape sequence (its body without ESC)."""
    act = ESCAPES.get(body)
    if act:
        act(screen)
    elif len(body) >= 2 and body[0] in "()*+-./":
        screen.charsets.designate(body[0], body[-1] if len(body) == 2 else "")
        screen.settle()
