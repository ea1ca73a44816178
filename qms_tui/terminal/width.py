"""How many cells a character takes, and which characters belong together.

Text is cut into extended grapheme clusters (UAX 29), and a cluster takes the cells that `wcwidth.wcswidth`
gives it: those of its first code point, but two for an emoji of narrow default with variation selector 16,
for a base with a spacing mark (Indic vowel signs, visarga) and for a conjunct of consonants, and one for a
wide emoji with variation selector 15. Ambiguous width is narrow. A regional indicator is wide, alone or in a
pair. All tables are those of wcwidth (Unicode 18 in 0.9.4).

Where UAX 29 joins what has cells of its own on every terminal (tmux, xterm, VTE, libvterm), it stays apart,
so that it can be written over and erased alone: Thai and Lao AM, halfwidth voiced sound marks, leading
consonants of Hangul in a row, and what follows a prepended mark. Apart stays, too, a letter after a
zero-width joiner that joins no emoji, which wcswidth does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from wcwidth import iter_graphemes, wcswidth, wcwidth
from wcwidth import table_grapheme as grapheme
from wcwidth.table_mc import CATEGORY_MC
from wcwidth.table_wide import WIDE_EASTASIAN
from wcwidth.table_zero import ZERO_WIDTH

from qms_tui.terminal.rows import FILLER, FIRST_CLUSTER

Ranges = Iterable[tuple[int, int]]

VS15 = "\ufe0e"
VS16 = "\ufe0f"


def _merged(ranges: Ranges) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _complement(ranges: Ranges) -> list[tuple[int, int]]:
    gaps, start = [], 0
    for first, last in _merged(ranges):
        if first > start:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= 0x10FFFF:
        gaps.append((start, 0x10FFFF))
    return gaps


def _minus(ranges: Ranges, taken: Ranges) -> list[tuple[int, int]]:
    return _complement([*_complement(ranges), *taken])


def _pattern(ranges: Ranges) -> str:
    """The ranges as the inside of a regular expression's character class."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _latest(table: Any) -> tuple[tuple[int, int], ...]:
    """The newest Unicode version's ranges; wcwidth types its tables by their exact length."""
    ranges: tuple[tuple[int, int], ...] = table[max(table, key=_version)]
    return ranges


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


_CONTROLS = [(0, 0x1F), (0x7F, 0x9F)]
_WIDE = _latest(WIDE_EASTASIAN)
_APART = _minus(  # joined by UAX 29, and yet in a cell of its own; skin tones may join
    [*grapheme.GRAPHEME_EXTEND, *grapheme.GRAPHEME_SPACINGMARK],
    [*_latest(ZERO_WIDTH), (0x10000, 0x10FFFF)],
)
_TIED = [  # what may join its neighbours, or has no width of its own: looked at one by one
    *_minus(
        [
            *grapheme.GRAPHEME_EXTEND,
            *grapheme.GRAPHEME_ZWJ,
            *grapheme.GRAPHEME_SPACINGMARK,
            *grapheme.GRAPHEME_PREPEND,
            *grapheme.GRAPHEME_REGIONAL_INDICATOR,
            *grapheme.GRAPHEME_CONTROL,
            *grapheme.GRAPHEME_L,
            *grapheme.GRAPHEME_V,
            *grapheme.GRAPHEME_T,
            *_latest(ZERO_WIDTH),
            (0xD800, 0xDFFF),
            (FIRST_CLUSTER, 0x10FFFF),
        ],
        [*_CONTROLS, (0xAD, 0xAD), *_APART],  # a soft hyphen is a hyphen on a terminal
    )
]

_MARKS = _minus(  # what joins whatever comes before it without widening it, and nothing after
    _TIED,
    [
        (0x10000, 0x10FFFF),
        *_complement([*grapheme.GRAPHEME_EXTEND]),
        *_complement([*_latest(ZERO_WIDTH)]),
        *grapheme.GRAPHEME_ZWJ,
        *grapheme.INCB_LINKER,
        *_latest(CATEGORY_MC),
        (0xFE00, 0xFE0F),
    ],
)
# Beyond the BMP a few coarse ranges: `re` tests those one after the other, for every character that is not in
# the class. What is in none of them is tied, that is, looked at one by one: right as well, only slower.
_ASTRAL_TEXT = _minus(
    [(0x1D400, 0x1D7FF), (0x1F200, 0x1F3FA), (0x1F400, 0x1FFFF), (0x20000, 0xDFFFF), (0xF0000, 0xFFFFF)],
    _TIED,
)
_BMP = [(0, 0xFFFF)]
_BMP_WIDE = _minus(_WIDE, [*_TIED, (0x10000, 0x10FFFF)])
_PLAIN_TEXT = [*_minus(_BMP, [*_CONTROLS, *_TIED]), *_ASTRAL_TEXT]

PLAIN_TEXT = _pattern(_PLAIN_TEXT)  # narrow or wide, and never part of a cluster but as its first character
MARKS = _pattern(_MARKS)
TIED = _pattern(_minus([(0xA0, 0x10FFFF)], [*_PLAIN_TEXT, *_MARKS, (0xDC80, 0xDC9F)]))

_MARKED_CHARACTER = re.compile(f"([{PLAIN_TEXT}])[{MARKS}]+")
_MARK = re.compile(f"[{MARKS}]")
_VIRAMA = re.compile(f"[{_pattern([*grapheme.INCB_LINKER])}]")  # what makes consonants a conjunct
_BMP_WIDE_RUN = re.compile(f"[{_pattern(_BMP_WIDE)}]+")
_ASTRAL = re.compile("[\U00010000-\U000fffff]")
_ASTRAL_WIDE_RUN = re.compile(f"[{_pattern(_minus(_WIDE, [*_TIED, *_BMP]))}]+")


def cells(text: str, code: Callable[[str], str]) -> str:
    """Text of narrow and wide characters, each maybe with marks, as a row keeps it.

    `code` gives the code point that stands for a cluster.
    """

    def cluster(match: re.Match[str]) -> str:
        return code(match[0]) + FILLER * (width(match[1]) - 1)

    if _MARK.search(text):
        text = _MARKED_CHARACTER.sub(cluster, text)
    text = _BMP_WIDE_RUN.sub(_filled, text)
    return _ASTRAL_WIDE_RUN.sub(_filled, text) if _ASTRAL.search(text) else text


def _filled(match: re.Match[str]) -> str:
    return FILLER.join(match[0]) + FILLER


@lru_cache(1024)
def width(char: str) -> int:
    """Cells of one code point: 0, 1 or 2."""
    return max(wcwidth(char), 0)


@lru_cache(1024)
def joins(cluster: str, char: str) -> bool:
    """Whether `char` goes into the cell, or the two, of `cluster` before it."""
    if width(char) == 0:
        return True
    if _is_in(ord(char), _APART) or len(list(iter_graphemes(cluster + char))) > 1:
        return False
    together = wcswidth(cluster + char)
    return bool(together == wcswidth(cluster) or (together == 2 and _VIRAMA.search(cluster)))


@lru_cache(1024)
def cluster_width(cluster: str) -> int:
    """Cells of a cluster: 1 or 2."""
    return min(max(wcswidth(cluster), 1), 2)


def _is_in(code: int, ranges: Ranges) -> bool:
    return any(first <= code <= last for first, last in ranges)
