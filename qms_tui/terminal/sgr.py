"""Select graphic rendition: what CSI ... m makes of a look, and the way back.

Sources: ECMA-48 8.3.117, xterm ctlseqs, ITU T.416 for colours with colons, kitty for underlines. Both forms
of colour are understood, also the common 38:2:r:g:b without a colour space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal.style import direct_color

if TYPE_CHECKING:
    from qms_tui.terminal.looks import Look

_MAX_PARAMETERS = 64  # xterm stops at 30; nothing real comes near

BOLD, FAINT, ITALIC, BLINK, INVERSE, HIDDEN, STRIKE, OVERLINE = (1 << bit for bit in range(8))
_ON = {1: BOLD, 2: FAINT, 3: ITALIC, 5: BLINK, 6: BLINK, 7: INVERSE, 8: HIDDEN, 9: STRIKE, 53: OVERLINE}
_OFF = {22: BOLD | FAINT, 23: ITALIC, 25: BLINK, 27: INVERSE, 28: HIDDEN, 29: STRIKE, 55: OVERLINE}
_BASIC = {code: code - 30 for code in range(30, 38)} | {code: code - 82 for code in range(90, 98)}
_UNCHANGED = -1


def applied(look: Look, body: str) -> Look:
    """The look after `CSI body m`."""
    foreground, background, attributes, underline, underline_color, link, protected = look
    fields = body.split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS]
    at, count = 0, len(fields)
    while at < count:
        field = fields[at]
        at += 1
        if ":" in field:
            code, color = _colons(field)
            if code == 4:
                underline = color
            elif color == _UNCHANGED:
                continue
        else:
            code = number(field)
            if code in (38, 48, 58):
                color, at = _color(fields, at)
                if color == _UNCHANGED:
                    continue
        if code in _ON:
            attributes |= _ON[code]
        elif code in _OFF:
            attributes &= ~_OFF[code]
        elif code in _BASIC:
            foreground = _BASIC[code]
        elif code - 10 in _BASIC:
            background = _BASIC[code - 10]
        elif code == 38:
            foreground = color
        elif code == 48:
            background = color
        elif code == 58:
            underline_color = color
        elif code == 39:
            foreground = None
        elif code == 49:
            background = None
        elif code == 59:
            underline_color = None
        elif code == 0:
            foreground = background = underline_color = None
            attributes = underline = 0
        elif code == 4 and ":" not in field:
            underline = 1
        elif code == 21:
            underline = 2
        elif code == 24:
            underline = 0
    return look.__class__(foreground, background, attributes, underline, underline_color, link, protected)


def number(field: str) -> int:
    """A parameter as a number; nothing is 0, none is larger than 65,535 (it would fit no screen)."""
    try:
        return min(int(field), 65535) if len(field) < 10 else 65535
    except ValueError:
        return 0


def _color(fields: list[str], at: int) -> tuple[int, int]:
    """The colour after a 38, 48 or 58 with semicolons, and where to go on."""
    kind = fields[at] if at < len(fields) else ""
    if kind == "5" and at + 1 < len(fields):
        index = number(fields[at + 1])
        return (index if index < 256 else _UNCHANGED), at + 2
    if kind == "2" and at + 3 < len(fields):
        return _direct([number(field) for field in fields[at + 1 : at + 4]]), at + 4
    return _UNCHANGED, len(fields) if kind in ("2", "5") else at + 1


def _colons(field: str) -> tuple[int, int]:
    """Code and value of a parameter with colons."""
    head, *rest = field.split(":")
    code, values = number(head), [number(part) for part in rest]
    if code == 4:
        return (4, values[0]) if values[0] <= 5 else (_UNCHANGED, _UNCHANGED)
    if code in (38, 48, 58):
        if values[0] == 5 and len(values) > 1 and values[1] < 256:
            return code, values[1]
        if values[0] == 2 and len(values) >= 4:
            return code, _direct(values[2:5] if len(values) >= 5 else values[1:4])
    return _UNCHANGED, _UNCHANGED


def _direct(parts: list[int]) -> int:
    red, green, blue = parts
    return direct_color(red, green, blue) if max(parts) < 256 else _UNCHANGED


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
