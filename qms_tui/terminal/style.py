"""How a piece of text looks: colours, attributes, links."""

from __future__ import annotations

from enum import Enum, IntFlag
from typing import NamedTuple

from msgspec import Struct

_DIRECT = 0x1000000


class Attribute(IntFlag):
    """The on/off attributes of SGR (ECMA-48 8.3.117)."""

    BOLD = 1
    FAINT = 2
    ITALIC = 4
    BLINK = 8
    INVERSE = 16
    HIDDEN = 32
    STRIKE = 64
    OVERLINE = 128


PLAIN = Attribute(0)


class Underline(Enum):
    """Underline styles, numbered as the sub-parameter of SGR 4 (kitty's underline extension)."""

    NONE = 0
    SINGLE = 1
    DOUBLE = 2
    CURLY = 3
    DOTTED = 4
    DASHED = 5


class Style(Struct, frozen=True):
    """One look, shared by every run that has it.

    A colour is None for the default, 0..255 for the palette, else `direct_color(r, g, b)`.
    """

    foreground: int | None = None
    background: int | None = None
    attributes: Attribute = PLAIN
    underline: Underline = Underline.NONE
    underline_color: int | None = None
    link: str | None = None


class Run(NamedTuple):
    """Neighbouring characters of one row with one style; `width` in columns."""

    text: str
    width: int
    style: Style


def direct_color(red: int, green: int, blue: int) -> int:
    """A 24-bit colour (each part 0..255) as one number, distinct from palette indices."""
    return _DIRECT | red << 16 | green << 8 | blue


def rgb(color: int) -> tuple[int, int, int] | None:
    """Red, green and blue (0..255) of a direct colour; None for a palette index."""
    if color < _DIRECT:
        return None
    return color >> 16 & 255, color >> 8 & 255, color & 255
