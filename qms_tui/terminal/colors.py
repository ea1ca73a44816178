"""The colours a program may ask for and change: OSC 4, 5, 10 to 19, 104, 105, 110 to 119 (xterm)."""

from __future__ import annotations

import re
import sys

from qms_tui.terminal.shapes import State, assign, plain

RGB = tuple[int, int, int]  # 16 bits each, as X11 has them; of these the upper 8, twice, as a screen has them

FOREGROUND, BACKGROUND, CURSOR = 1010, 1011, 1012  # keys of the colours that OSC 10, 11 and 12 name
_SAVED = {"changed": {int: (int, int, int)}, "version": int}
_LEVELS = (0, 95, 135, 175, 215, 255)
_BASIC = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
_NAMES = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff",
    "yellow": "#ffff00", "cyan": "#00ffff", "magenta": "#ff00ff", "gray": "#bebebe", "grey": "#bebebe",
}  # fmt: skip
_RGB = re.compile(r"rgb:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.I)
_RGBI = re.compile(r"rgbi:([0-9.]{1,12})/([0-9.]{1,12})/([0-9.]{1,12})", re.I)
_HASH = re.compile(r"#((?:[0-9a-f]{3}){1,4})", re.I)


def _of_hex(text: str) -> RGB:
    red, green, blue = (value * 257 for value in bytes.fromhex(text))
    return red, green, blue


def _palette() -> list[RGB]:
    basic = [_of_hex(text) for text in _BASIC.split()]
    cube = [(r * 257, g * 257, b * 257) for r in _LEVELS for g in _LEVELS for b in _LEVELS]
    grey = [(8 + 10 * step) * 257 for step in range(24)]
    return basic + cube + [(level, level, level) for level in grey]


class Colors:
    """Colours of the host (`defaults`, to be set by whoever draws) and the program's changes to them.

    Keys are 0..255 for the palette, `special(n)` for OSC 5, `dynamic(n)` for OSC 10 to 19.
    """

    def __init__(self) -> None:
        self.defaults: dict[int, RGB] = dict(enumerate(_palette()))
        for code in range(10, 20):
            self.defaults[dynamic(code)] = _of_hex("e5e5e5" if code in (10, 12, 13, 15, 18, 19) else "000000")
        for index in range(5):
            self.defaults[special(index)] = _of_hex("e5e5e5")
        self.changed: dict[int, RGB] = {}
        self.version = 0  # goes up when a program changes a colour: what was painted may be wrong then

    def state(self) -> State:
        """What is saved of it: the program's changes, not the host's colours."""
        return plain(self, _SAVED)

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none."""
        assign(self, state, _SAVED)

    def set_default(self, key: int, red: int, green: int, blue: int) -> None:
        """Tell a colour of the host, 0..255 each."""
        self.defaults[key] = red * 257, green * 257, blue * 257

    def get(self, key: int) -> RGB | None:
        """The colour in force."""
        return self.changed.get(key) or self.defaults.get(key)

    def change(self, key: int, text: str) -> None:
        """Take a colour that a program wrote; what is no colour is ignored.

        One that the host has anyway is kept as well: the terminal may come to another host.
        """
        color = parsed(text)
        if color and key in self.defaults:
            self.version += self.get(key) != color
            self.changed[key] = color

    def reset(self, key: int) -> None:
        """Back to the host's colour."""
        if self.changed.pop(key, None):
            self.version += 1

    def reset_all(self, first: int = 0, end: int = sys.maxsize) -> None:
        """The same for a range of keys."""
        for key in [key for key in self.changed if first <= key < end]:
            self.reset(key)

    @property
    def is_dark(self) -> bool:
        """Whether the background is dark, for the colour-scheme report (mode 2031)."""
        return sum(self.get(BACKGROUND) or (0, 0, 0)) < 3 * 32768


def special(index: int) -> int:
    """The key of a colour of OSC 5."""
    return 256 + index


def dynamic(code: int) -> int:
    """The key of a colour of OSC 10 to 19."""
    return 1000 + code


def written(color: RGB) -> str:
    """As xterm reports it."""
    return "rgb:{:04x}/{:04x}/{:04x}".format(*color)


def parsed(text: str) -> RGB | None:
    """An X11 colour specification: rgb:, rgbi:, #, a few names."""
    text = text.strip()
    if match := _RGB.fullmatch(text):
        red, green, blue = (int(part, 16) * 255 // (16 ** len(part) - 1) * 257 for part in match.groups())
        return red, green, blue
    if match := _HASH.fullmatch(text):
        size = len(match[1]) // 3
        red, green, blue = (
            int(match[1][i : i + size].ljust(2, "0")[:2], 16) * 257 for i in range(0, 3 * size, size)
        )
        return red, green, blue
    if match := _RGBI.fullmatch(text):
        try:
            red, green, blue = (round(min(float(part), 1.0) * 255) * 257 for part in match.groups())
        except ValueError:
            return None
        return red, green, blue
    name = _NAMES.get(text.lower())
    return _of_hex(name[1:]) if name else None
