"""Select graphic rendition: what CSI ... m makes of a look, and the way back.

Sources: ECMA-48 8.3.117, xterm ctlseqs, ITU T.416 for colours with colons, kitty for underlines. Both forms
of colour are understood, also the common 38:2:r:g:b without a colour space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qms_tui.terminal.style import direct_color

if TYPE_CHECKING:
    from qms_tui.terminal.looks import Look

_MAX_PARAMETERS = 64  # xterm stops at 30; nothing real comes near

BOLD, FAINT, ITALIC, BLINK, INVERSE, HIDDEN, STRIKE, OVERLINE = (1 << bit for bit in range(8))
_ON = {1: BOLD, 2: FAINT, 3: ITALIC, 5: BLINK, 6: BLINK, 7: INVERSE, 8: HIDDEN, 9: STRIKE, 53: OVERLINE}
_OFF = {22: BOLD | FAINT, 23: ITALIC, 25: BLINK, 27: INVERSE, 28: HIDDEN, 29: STRIKE, 55: OVERLINE}
_UNCHANGED = -1
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")

# What a parameter does to the fields of a Look, as (field, value); attributes are switched on or off.
_FOREGROUND, _BACKGROUND, _ATTRIBUTES, _UNDERLINE, _UNDERLINE_COLOR, _ATTRIBUTES_OFF, _ALL = range(7)
_EXTENDED = {"38": _FOREGROUND, "48": _BACKGROUND, "58": _UNDERLINE_COLOR}
_STEPS: dict[str, Any] = (
    {str(code): (_ATTRIBUTES, bit) for code, bit in _ON.items()}
    | {str(code): (_ATTRIBUTES_OFF, bit) for code, bit in _OFF.items()}
    | {str(30 + color): (_FOREGROUND, color) for color in range(8)}
    | {str(40 + color): (_BACKGROUND, color) for color in range(8)}
    | {str(90 + color): (_FOREGROUND, color + 8) for color in range(8)}
    | {str(100 + color): (_BACKGROUND, color + 8) for color in range(8)}
    | {"39": (_FOREGROUND, None), "49": (_BACKGROUND, None), "59": (_UNDERLINE_COLOR, None)}
    | {"4": (_UNDERLINE, 1), "21": (_UNDERLINE, 2), "24": (_UNDERLINE, 0), "0": (_ALL, 0), "": (_ALL, 0)}
)


def applied(look: Look, body: str) -> Look:
    """The look after `CSI body m`."""
    state: list[Any] = [*look]
    fields = without_zeros(body).split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS]
    at, count = 0, len(fields)
    while at < count:
        field = fields[at]
        at += 1
        step = _STEPS.get(field)
        if step is None:
            if field in _EXTENDED:
                color, at = _color(fields, at)
                step = _EXTENDED[field], color
            else:
                step = _colons(field) if ":" in field else None
            if step is None or step[1] == _UNCHANGED:
                continue
        where, value = step
        if where == _ATTRIBUTES:
            state[_ATTRIBUTES] |= value
        elif where < _ATTRIBUTES_OFF:
            state[where] = value
        elif where == _ATTRIBUTES_OFF:
            state[_ATTRIBUTES] &= ~(value or 0)
        else:
            state[:5] = _RESET
    return type(look)(*state)


_RESET = (None, None, 0, 0, None)


def without_zeros(parameters: str) -> str:
    """Parameters without zeros that lead a number, which do not count (ECMA-48 5.4.2)."""
    return _LEADING_ZEROS.sub("", parameters) if "0" in parameters else parameters


def number(field: str) -> int:
    """A parameter as a number; nothing is 0, none is larger than 65,535 (it would fit no screen)."""
    digits = field.lstrip("0") if field.startswith("0") else field
    try:
        return min(int(digits), 65535) if len(digits) < 10 else 65535
    except ValueError:
        return 0


def _color(fields: list[str], at: int) -> tuple[int, int]:
    """The colour after a 38, 48 or 58 with semicolons, and where to go on."""
    kind = fields[at] if at < len(fields) else ""
    try:
        if kind == "5":
            index = int(fields[at + 1] or 0)
            return (index if index < 256 else _UNCHANGED), at + 2
        if kind == "2":
            red, green, blue = fields[at + 1 : at + 4]
            return _direct(int(red or 0), int(green or 0), int(blue or 0)), at + 4
    except (IndexError, ValueError):  # the sequence ends in it, or it is mixed with colons
        return _UNCHANGED, len(fields)
    return _UNCHANGED, at + 1


def _colons(field: str) -> tuple[int, int] | None:
    """What a parameter with colons does."""
    head, *rest = field.split(":")
    values = [number(part) for part in rest]
    if head == "4" and values[0] <= 5:
        return _UNDERLINE, values[0]
    if head in _EXTENDED:
        if values[0] == 5 and len(values) > 1 and values[1] < 256:
            return _EXTENDED[head], values[1]
        if values[0] == 2 and len(values) >= 4:
            red, green, blue = values[2:5] if len(values) >= 5 else values[1:4]
            return _EXTENDED[head], _direct(red, green, blue)
    return None


def _direct(red: int, green: int, blue: int) -> int:
    if red > 255 or green > 255 or blue > 255:
        return _UNCHANGED
    return direct_color(red, green, blue)


def parameters(look: Look) -> str:
    """The SGR parameters that make `look` from a plain one, as DECRQSS reports them."""
    codes = ["0"]
    codes += [str(code) for code, bit in _ON.items() if look.attributes & bit and code != 6]
    if look.underline:
        codes.append("4" if look.underline == 1 else f"4:{look.underline}")
    codes += _reported(look.foreground, 30)
    codes += _reported(look.background, 40)
    if look.underline_color is not None:
        codes += _reported(look.underline_color, 50)
    return ";".join(codes)


def _reported(color: int | None, base: int) -> list[str]:
    if color is None:
        return []
    if color > 255:
        return [f"{base + 8}:2::{color >> 16 & 255}:{color >> 8 & 255}:{color & 255}"]
    if color < 8 and base < 50:
        return [str(base + color)]
    if color < 16 and base < 50:
        return [str(base + 52 + color)]
    return [f"{base + 8}:5:{color}"]
