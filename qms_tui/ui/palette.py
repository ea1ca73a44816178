"""A terminal's styles as Rich styles: palettes for dark and light, one style object per look."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct
from rich.color import Color
from rich.style import Style as RichStyle

from qms_tui.terminal import Attribute, Style, Underline, rgb
from qms_tui.terminal.colors import BACKGROUND, CURSOR, FOREGROUND

AGENT_COLORS = (
    "#5fafff",
    "#ffaf5f",
    "#87d787",
    "#ff87af",
    "#d7af5f",
    "#af87ff",
    "#5fd7d7",
    "#d7d75f",
    "#ff8787",
)
AGENT_COLORS_LIGHT = (
    "#005faf", "#af5f00", "#008700", "#af005f", "#875f00", "#5f00af", "#008787", "#878700", "#af0000",
)  # fmt: skip
FAINT = 0.3  # of the foreground, the rest is background: to be seen and not looked at
_CUBE = (0, 95, 135, 175, 215, 255)


class Palette(Struct, frozen=True):
    """Default colours and the sixteen named ones, as 0xRRGGBB."""

    foreground: int
    background: int
    named: tuple[int, ...]

    @staticmethod
    def parts(color: int) -> tuple[int, int, int]:
        """Red, green and blue of 0xRRGGBB."""
        return color >> 16, color >> 8 & 255, color & 255

    @property
    def colors(self) -> dict[int, tuple[int, int, int]]:
        """What programs are told, by their keys in `terminal.colors`."""
        others = {FOREGROUND: self.foreground, BACKGROUND: self.background, CURSOR: self.foreground}
        numbered = {**dict(enumerate(self.named)), **others}
        return {key: self.parts(color) for key, color in numbered.items()}


DARK = Palette(
    0xD6D9E0,
    0x15171C,
    (
        0x1D2026, 0xE06C75, 0x98C379, 0xE5C07B, 0x61AFEF, 0xC678DD, 0x56B6C2, 0xC8CCD4,
        0x6B7380, 0xFF8A92, 0xB5E08F, 0xFFD98F, 0x8AC7FF, 0xE09BF2, 0x7FD4DF, 0xFFFFFF,
    ),
)  # fmt: skip
LIGHT = Palette(
    0x24292F,
    0xFBFBFA,
    (
        0x24292F, 0xB3202B, 0x1A7F37, 0x8A6100, 0x0757BA, 0x8024A8, 0x0B7285, 0x57606A,
        0x6E7781, 0xCF222E, 0x2DA44E, 0xBF8700, 0x218BFF, 0xA855D4, 0x1B9AAA, 0x8C959F,
    ),
)  # fmt: skip


@lru_cache(maxsize=8192)  # looks in use at once: true-colour gradients have thousands
def rich_style(style: Style, palette: Palette) -> RichStyle:
    """The Rich style of a run; unset colours are the palette's defaults."""
    attributes = style.attributes
    foreground = _color(style.foreground, palette.foreground, palette)
    background = _color(style.background, palette.background, palette)
    if Attribute.INVERSE in attributes:
        foreground, background = background, foreground
    if Attribute.HIDDEN in attributes:
        foreground = background
    return RichStyle(
        color=foreground,
        bgcolor=background,
        bold=Attribute.BOLD in attributes,
        dim=Attribute.FAINT in attributes,
        italic=Attribute.ITALIC in attributes,
        blink=Attribute.BLINK in attributes,
        strike=Attribute.STRIKE in attributes,
        overline=Attribute.OVERLINE in attributes,
        underline=style.underline is not Underline.NONE and style.underline is not Underline.DOUBLE,
        underline2=style.underline is Underline.DOUBLE,
    )


@lru_cache(maxsize=8)
def faint_style(palette: Palette) -> RichStyle:
    """Of what is not part of any terminal: a little off its background."""
    parts = zip(Palette.parts(palette.foreground), Palette.parts(palette.background), strict=True)
    mixed = (round(FAINT * ink + (1 - FAINT) * paper) for ink, paper in parts)
    return RichStyle(color=Color.from_rgb(*mixed), bgcolor=_direct(palette.background))


def _color(color: int | None, default: int, palette: Palette) -> Color:
    if color is None:
        return _direct(default)
    direct = rgb(color)
    if direct is not None:
        return Color.from_rgb(*direct)
    if color < 16:
        return _direct(palette.named[color])
    if color < 232:
        cube = color - 16
        return Color.from_rgb(_CUBE[cube // 36], _CUBE[cube // 6 % 6], _CUBE[cube % 6])
    grey = 8 + 10 * (color - 232)
    return Color.from_rgb(grey, grey, grey)


def _direct(value: int) -> Color:
    return Color.from_rgb(*Palette.parts(value))
