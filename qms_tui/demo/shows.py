"""What a terminal can show, for people who want to see whether theirs does. Lines of at most 60 columns."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator

from qms_tui.demo.ink import bold, faint, sgr

_WIDTH = 56
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ATTRIBUTES = (
    ("1", "bold"),
    ("2", "faint"),
    ("3", "italic"),
    ("4", "underline"),
    ("9", "strike"),
    ("7", "inverse"),
)


def colors() -> Iterator[str]:
    """16 colours, the palette of 256, truecolour, attributes."""
    yield bold("16 colours")
    yield from _named()
    yield ""
    yield bold("256 colours") + faint("  a 6 x 6 x 6 cube and 24 greys")
    yield from _cube()
    yield ""
    yield bold("16.7 million colours") + faint("  smooth where truecolour is supported")
    yield _gradient(1.0, 1.0)
    yield _gradient(0.6, 0.8)
    yield _greys()
    yield ""
    yield bold("Attributes")
    yield "  " + " ".join(sgr(code, name) for code, name in _ATTRIBUTES)
    yield "  " + sgr("1;3;4;9;38;5;79", "all at once")


def _named() -> Iterator[str]:
    for start in (30, 90):
        yield "  " + " ".join(sgr(str(start + number), name) for number, name in enumerate(_NAMES))
    for start in (40, 100):
        yield "  " + " ".join(sgr(str(start + number), " " * len(name)) for number, name in enumerate(_NAMES))


def _cube() -> Iterator[str]:
    for green in range(6):
        cells = (16 + 36 * red + 6 * green + blue for red in range(6) for blue in range(6))
        yield "  " + "".join(sgr(f"48;5;{cell}", " ") for cell in cells)
    yield "  " + "".join(sgr(f"48;5;{cell}", " ") for cell in range(232, 256))


def _gradient(saturation: float, value: float) -> str:
    """All hues once; half blocks, so that one cell shows two of them."""
    hues = [colorsys.hsv_to_rgb(step / (2 * _WIDTH), saturation, value) for step in range(2 * _WIDTH)]
    triples = [";".join(str(round(255 * part)) for part in hue) for hue in hues]
    pairs = zip(triples[::2], triples[1::2], strict=True)
    return "  " + "".join(sgr(f"38;2;{left};48;2;{right}", "▌") for left, right in pairs)


def _greys() -> str:
    levels = [round(255 * step / (_WIDTH - 1)) for step in range(_WIDTH)]
    return "  " + "".join(sgr(f"48;2;{level};{level};{level}", " ") for level in levels)


def unicode() -> Iterator[str]:
    """Wide characters, emoji, combining marks, lines and blocks."""
    yield bold("In a box") + faint("  its right edge is straight where widths are right")
    yield "  ┌────────────────┬──────────────────┐"
    yield "  │ Latin          │ Grüße, señor, ça │"
    yield "  │ Greek          │ Καλημέρα κόσμε   │"
    yield "  │ Cyrillic       │ Здравствуй, мир  │"
    yield "  │ Japanese       │ こんにちは世界   │"
    yield "  │ Chinese        │ 你好世界         │"
    yield "  │ Korean         │ 안녕하세요       │"
    yield "  │ Emoji          │ 🚀 🎉 🐍 ✅ 🔥   │"
    yield "  │ Combining      │ e\u0301 n\u0303 a\u030a o\u0308          │"
    yield "  └────────────────┴──────────────────┘"
    yield bold("Free") + faint("  terminals disagree about these")
    yield "  family 👩‍👩‍👧‍👦   skin 👍🏽   flag 🇫🇷   heart ❤️   keycap 1️⃣"
    yield bold("Lines and blocks")
    yield "  ╭──┬──╮ ┏━━┳━━┓ ╔══╦══╗  ░▒▓█ ▁▂▃▄▅▆▇█ ▏▎▍▌▋▊▉█"
    yield "  ├──┼──┤ ┣━━╋━━┫ ╠══╬══╣  ⠁⠃⠇⡇⣇⣧⣷⣿ ◐◓◑◒ ✓ ✗ → ⇒ ∀ ∃ ∑"
    yield "  ╰──┴──╯ ┗━━┻━━┛ ╚══╩══╝  ♠ ♥ ♦ ♣ ☎ ☂ ♞ ⚙ ∞ ≠ ≤ ≥ π µ"
