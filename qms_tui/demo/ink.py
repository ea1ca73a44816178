"""What goes onto the agent's terminal: clean text, colours, widths. Standard library only."""

from __future__ import annotations

import os
import textwrap
import unicodedata
from zlib import crc32

_PLAIN = bool(os.environ.get("NO_COLOR"))  # https://no-color.org: any value that is not empty
_ACCENTS = {
    "claude": 173,
    "qa": 79,
    "tu_ui": 111,
    "tu_scene": 176,
    "tu_sketch": 186,
    "tu_sim": 209,
    "bu": 147,
}
_MORE_ACCENTS = (80, 114, 141, 180, 204, 215)

# C0 without tab and newline, DEL, C1; the line separators; what turns the direction of text; lone surrogates.
# Joiners stay: emoji are made with them.
_UNWANTED: dict[int, None] = dict.fromkeys(
    [
        *(*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)),
        *(0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),
        *range(0xD800, 0xE000),
    ]
)


def clean(text: str) -> str:
    """`text` without anything that a terminal obeys; tabs become spaces, newlines stay."""
    return text.translate(_UNWANTED).expandtabs(4)


def one_line(text: str) -> str:
    """`text` clean and on a single line."""
    return " ".join(clean(text).split())


def accent(agent: str) -> int:
    """The colour of `agent` in the palette of 256; always the same one for the same name."""
    return _ACCENTS.get(agent) or _MORE_ACCENTS[crc32(agent.encode()) % len(_MORE_ACCENTS)]


def sgr(parameters: str, text: str) -> str:
    """`text` between SGR `parameters` and a reset (ECMA-48 8.3.117), whatever NO_COLOR says."""
    return f"\x1b[{parameters}m{text}\x1b[m"


def ink(parameters: str, text: str) -> str:
    """Like `sgr`, but plain where the user asked for no colours."""
    return text if _PLAIN else sgr(parameters, text)


def bold(text: str) -> str:
    return ink("1", text)


def faint(text: str) -> str:
    return ink("2", text)


def in_color(agent: str, text: str) -> str:
    """`text` in the colour of `agent`, bold."""
    return ink(f"1;38;5;{accent(agent)}", text)


def width(text: str) -> int:
    """How many columns `text` takes, nearly: no clusters, which is enough for lists and frames."""
    return sum(_cell_width(character) for character in text)


def clip(text: str, columns: int) -> str:
    """`text` on at most `columns` columns, ending in … where something was cut off."""
    if width(text) <= columns:
        return text
    kept: list[str] = []
    left = columns - 1
    for character in text:
        left -= _cell_width(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if columns > 0 else ""


def pad(text: str, columns: int) -> str:
    """`text` on exactly `columns` columns."""
    text = clip(text, columns)
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """The lines of `text`, the long ones broken between words; what fits stays as it is."""
    lines: list[str] = []
    for line in text.split("\n"):
        fits = width(line) <= columns
        lines.extend([line] if fits else textwrap.wrap(line, max(10, columns), subsequent_indent="  "))
    return lines


def markdown(line: str) -> str:
    """One clean line of Markdown with a little ink: headings, tables, fences, front matter."""
    if line.startswith("#"):
        return bold(line)
    if line.startswith(("|", "```", "---")):
        return faint(line)
    return line


def _cell_width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
