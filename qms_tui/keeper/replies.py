"""What programs are told of the screen that they cannot see: the colours of whoever led last.

The keeper answers what programs ask their terminal, always and alone: also where no screen is open, and none
of several screens. Only the keeper of the user who has started an agent does: another user's is silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qms_tui.terminal import Terminal

RGB = tuple[int, int, int]  # 0..255 each
SOON = 5.0  # seconds in which a program still waits for an answer; one that comes later would be typed text
_COLOR = re.compile(r"(\d{1,4})=([0-9a-f]{6})")


def write_palette(colors: Mapping[int, RGB]) -> str:
    """Colours by their keys in `terminal.colors`, for `read_palette`."""
    return " ".join(f"{key}={bytes(color).hex()}" for key, color in colors.items())


def read_palette(text: str) -> dict[int, RGB]:
    """The colours that a screen tells; what is none is left out."""
    colors = {}
    for word in text.split():
        if match := _COLOR.fullmatch(word):
            red, green, blue = bytes.fromhex(match[2])
            colors[int(match[1])] = (red, green, blue)
    return colors


class Palette:
    """The colours of whoever led last, of all agents: whoever sees one sees the others alike."""

    def __init__(self) -> None:
        self._colors: dict[int, RGB] = {}

    def take(self, text: str) -> None:
        """A screen with these colours leads; one that tells none changes nothing."""
        self._colors = read_palette(text) or self._colors

    def show(self, terminal: Terminal) -> None:
        """Have the terminal answer with them."""
        for key, color in self._colors.items():
            if key in terminal.colors.defaults:
                terminal.colors.set_default(key, *color)
