"""The benchmark's inputs a to e, for a screen of 200x50 (e: 120x40), always the same.

a: source code scrolling by; b1: a screen of random colours; b2: a colourful log; c: full-screen redraws
as of an editor; d: wide characters and emoji; e: a recorded session of Claude Code.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

COLUMNS, LINES = 200, 50
CLAUDE_COLUMNS, CLAUDE_LINES = 120, 40
CAPTION = {
    "a": "plain source code that scrolls by",
    "b1": "a screen of randomly coloured cells",
    "b2": "a colourful log",
    "c": "full-screen redraws as of an editor",
    "d": "wide characters and emoji",
    "e": "a recorded session of Claude Code",
}

_rnd = random.Random(11)
_WORDS = [
    "".join(_rnd.choice("etaoinshrdlu_.()=") for _ in range(_rnd.randrange(2, 12))) for _ in range(4000)
]
_POOL = (
    "漢字仮名交じり文", "한국어 텍스트", "Ελληνικά", "Привет мир", "naïve café", "e\u0301a\u0308", "😀🎉🚀",
    "│─┌┐└┘├┤", "█▓▒░▀▄", "→←↑↓ ✓✗", "ascii words here",
)  # fmt: skip
_LOG = (
    "\x1b[38;2;%d;%d;%dm[%05d]\x1b[0m \x1b[1;32mINFO\x1b[0m \x1b[48;2;10;20;30mmodule.%d\x1b[49m: "
    "\x1b[38;2;200;180;90mvalue=%d path=/a/b/c\x1b[0m\r\n"
)


def _source() -> str:
    def line() -> str:
        indent = "    " * _rnd.randrange(4)
        return indent + " ".join(_rnd.choice(_WORDS) for _ in range(_rnd.randrange(1, 12))) + "\r\n"

    return "".join(line() for _ in range(12000))


def _dense_cells() -> str:
    def cell(frame: int) -> str:
        return f"\x1b[38;5;{_rnd.randrange(256)};48;5;{_rnd.randrange(256)};1;3;4m{chr(65 + frame)}"

    return "".join("\x1b[H" + "".join(cell(frame) for _ in range(COLUMNS * LINES)) for frame in range(2))


def _colour_log() -> str:
    def line(i: int) -> str:
        return _LOG % (_rnd.randrange(256), _rnd.randrange(256), _rnd.randrange(256), i, i % 17, i)

    return "".join(line(i) for i in range(4000))


def _redraw() -> str:
    out = ["\x1b[?1049h\x1b[?25l"]
    for frame in range(30):
        out.append("\x1b[H")
        for y in range(1, LINES + 1):
            out.append(f"\x1b[{y};1H\x1b[38;5;{_rnd.randrange(16)}m{frame * y:6d}\x1b[m ")
            x = 8
            while x < COLUMNS - 22:
                word = _rnd.choice(_WORDS)
                out.append(f"\x1b[{y};{x}H\x1b[{_rnd.choice((0, 1, 32, 33, 7, '38;5;110'))}m{word}")
                x += len(word) + _rnd.randrange(1, 12)
            out.append("\x1b[m\x1b[K")
    return "".join(out)


def _wide() -> str:
    return "".join(" ".join(_rnd.choice(_POOL) for _ in range(12)) + "\r\n" for _ in range(4000))


def inputs() -> dict[str, bytes]:
    """All inputs by name, made in one order so that the random numbers are the same each time."""
    makers: dict[str, Callable[[], str]] = {
        "a": _source, "b1": _dense_cells, "b2": _colour_log, "c": _redraw, "d": _wide,
    }  # fmt: skip
    made = {name: make().encode() for name, make in makers.items()}
    captures = Path(__file__).parent.parent / "terminal" / "captures"
    made["e"] = (captures / "claude-code.raw").read_bytes()
    return made


def size(name: str) -> tuple[int, int]:
    """Columns and lines of the screen for an input."""
    return (CLAUDE_COLUMNS, CLAUDE_LINES) if name == "e" else (COLUMNS, LINES)
