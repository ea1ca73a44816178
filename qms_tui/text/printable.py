"""Outside text made safe to show: names of folders, files and containers, words of agents and engines.

The one place that says what a terminal would obey or a reader be fooled by:

- controls (ESC, C1, line ends): they move the cursor, set titles, begin sequences;
- bidirectional controls: they turn a row around, so that a name reads as another one;
- tag characters: they hide text; only the flags of England, Scotland and Wales are made of them (RGI emoji);
- line and paragraph separators, other invisible format characters, half surrogates.

What real text is made of stays: joiners (emoji, Persian, Indic scripts), variation selectors, soft hyphens,
Arabic signs that stand before a number, the layout of hieroglyphs.
"""

from __future__ import annotations

import json
import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_INVISIBLE = (
    "\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
)
_SURROGATES = "\ud800-\udfff"
_FLAGS = "|".join(
    "\N{WAVING BLACK FLAG}" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_ANY = re.compile(f"[\x00-\x1f\x7f-\x9f\xad{_INVISIBLE}{_SURROGATES}]")  # to look through much text fast
_UNSAFE = re.compile(f"({_FLAGS})|[\x00-\x1f\x7f-\x9f{_INVISIBLE}{_SURROGATES}]")
_UNSAFE_IN_CELLS = re.compile(f"({_FLAGS})|[\x00-\x1f\x7f-\x9f{_INVISIBLE}]")
_ONE_CELL = {0xAD: "-"} | dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)


def is_plain(text: str) -> bool:
    """Whether text has no control, format (bidi) or line-separating character and no lone surrogate.

    Stricter than `plain`: also what real text is made of is refused, since names need none of it.
    """
    return not any(unicodedata.category(c) in _HIDDEN for c in text)


def plain(text: str) -> str:
    """Text in one line, with a replacement character for each that is not safe to print."""
    if _is_safe(text):
        return text
    return _UNSAFE.sub(_kept_or_replaced, text)


def painted(text: str) -> str:
    """Text of cells, as wide as before: what is not safe takes no cell and is left out."""
    if _is_safe(text):
        return text
    return _UNSAFE_IN_CELLS.sub(lambda match: match[1] or "", text).translate(_ONE_CELL)


def json_text(value: object, *, indent: int | None = None, ascii_only: bool = True) -> str:
    """A value as JSON that says the same and is safe to print."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    return "\n".join(_UNSAFE.sub(_kept_or_escaped, line) for line in text.split("\n"))


def _is_safe(text: str) -> bool:
    return text.isprintable() if text.isascii() else not _ANY.search(text)


def _kept_or_replaced(match: re.Match[str]) -> str:
    return match[1] or REPLACEMENT


def _kept_or_escaped(match: re.Match[str]) -> str:
    return match[1] or json.dumps(match[0])[1:-1] if match[0] != "\x7f" else "\\u007f"
