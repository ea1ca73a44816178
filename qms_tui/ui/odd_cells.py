"""Characters whose width terminals do not agree about: held as one or two cells until they are written.

tmux 3.3, VTE and xterm count an emoji with a variation selector, a Thai vowel or a new emoji otherwise than
we do, and so does Textual sometimes. Whatever follows on the row would stand in other columns, the next pane
too. So such a character stands in strips as a placeholder as wide as its cells, which Textual measures and
cuts as we do, with its bytes behind it as code points that take no cell. When it is written, its cells are
blanked first, since the terminal may fill fewer, and the column is set again behind it.

Where a terminal fills more cells than we at the end of what is painted, it spills into what stands beside:
`placed` tells where, to be painted again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from rich.cells import cell_len

from qms_tui.terminal import Run
from qms_tui.text.printable import painted

# Text has neither of them; rich takes the first for narrow and the second for wide, as all of its plane.
_NARROW, _WIDE = "\ufdd0", "\U0003fffd"
_BYTES = 0xE0100 - 0x20  # variation selectors, of no width, stand for the bytes of UTF-8 from 0x20
_END = "\U000e01ef"  # of them: one character to look for in all that is written
_CARRIERS = f"\U000e0100-\U000e01d4{_END}"

# One or two cells in every terminal, whatever its age and tables: a list of what is sure, not of what is odd.
_SURE = "".join(
    (
        "\0-\x7f\xa0-\xac\xae-\u02ff",  # Latin
        "\u0370-\u0377\u037a-\u037f\u0384-\u0482\u048a-\u052f\u0531-\u0556\u0561-\u0587",  # Greek to Armenian
        "\u05d0-\u05ea\u0620-\u064a\u10d0-\u10fa\u1e00-\u1eff",  # Hebrew, Arabic, Georgian, Latin
        "\u2010-\u2015\u2018-\u2027\u2030-\u203b\u20a0-\u20bf\u2190-\u2193\u2200-\u22ff",  # signs; arrows
        "\u23be-\u23cd\u2500-\u25a9\u25ac-\u25b5\u25b7-\u25bf\u25c1-\u25fa\u2800-\u28ff",  # frames to Braille
        "\u2713\u2716\u2717",  # marks that we use ourselves
        "\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff",  # kana, Han
        "\uac00-\ud7a3\uff01-\uff60\uff66-\uff9d",  # Hangul, full and half width
    )
)
_ODD = re.compile(f"[^{_SURE}]")
_STRETCH = re.compile(f"[{_SURE}]?[^{_SURE}]+")  # what comes before may be what a mark belongs to
_PIECE = re.compile(
    r"\x1b\[(?P<line>\d+);(?P<column>\d+)H"
    r"|\x1b\[[\d;:]*m|\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)"  # looks and links
    f"|(?P<head>[{_NARROW}{_WIDE}])(?P<code>[{_CARRIERS}]*)(?P<more>(?:{_NARROW}(?![{_CARRIERS}]))*)"
    f"|(?P<stray>[{_CARRIERS}]+)"
    f"|(?P<text>[^\x1b{_NARROW}{_WIDE}{_CARRIERS}]+)"
    r"|\x1b"
)


def is_odd(text: str) -> bool:
    """Whether there is anything in the text that has to be held."""
    return not text.isascii() and _ODD.search(text) is not None


@lru_cache(maxsize=4096)
def held(cluster: str, cells: int) -> str:
    """A cluster that takes so many cells (at least one), as it stands in a strip."""
    if len(cluster) == 1 and not _ODD.match(cluster):
        return cluster
    code = "".join(chr(_BYTES + byte) for byte in cluster.encode(errors="replace") if byte >= 0x20)
    return (_NARROW if cells == 1 else _WIDE) + code + _END + _NARROW * (cells - 2)


def hold(text: str) -> str:
    """Text of a widget, as wide as before; what is held already stays as it is."""
    return _STRETCH.sub(lambda match: "".join(map(_held, _clusters(match[0]))), text)


def _held(cluster: str) -> str:
    if cluster[0] in (_NARROW, _WIDE):
        return cluster
    cells = cell_len(cluster)
    return held(cluster, cells) if cells else ""  # a mark that belongs to nothing


def _clusters(text: str) -> Iterable[str]:
    from wcwidth import iter_graphemes  # its tables are no part of the start

    return iter_graphemes(text)


def held_runs(runs: Iterable[Run], cells: Iterator[tuple[str, int]]) -> Iterator[str]:
    """The text of each run, made of the row's cells: characters and their widths."""
    left = 0
    for run in runs:
        left += run.width
        parts = []
        while left > 0 and (cell := next(cells, None)) is not None:
            parts.append(held(*cell))
            left -= cell[1]
        yield "".join(parts)


@dataclass(slots=True)
class _Stretch:
    """Where the terminal writes: the place of the next cell, and the farthest that may have been filled."""

    row: int = 0
    column: int = 0
    reach: int = 0
    spilled: list[tuple[int, int]] = field(default_factory=list)

    def go(self, row: int, column: int) -> None:
        """Go on at a place, counted from 0."""
        if (row, column) == (self.row, self.column):
            return
        if self.reach > self.column:
            self.spilled.append((self.column, self.row))
        self.row, self.column, self.reach = row, column, 0

    def put(self, cluster: str, cells: int) -> str:
        """What writes a cluster into its cells and no more, as far as it is ours to say."""
        start, self.column = self.column, self.column + cells
        if not cluster:
            return " " * cells
        self.reach = max(self.reach, start + _most_cells(cluster))
        return f"{' ' * cells}\x1b[{start + 1}G{cluster}\x1b[{self.column + 1}G"


def placed(data: str) -> tuple[str, list[tuple[int, int]]]:
    """What is written to a terminal, with everything held at its place; and the places (column, row, from 0)
    from which on the rest of the row may have been overwritten.
    """
    if _END not in data:
        return data, []
    stretch, parts = _Stretch(), []
    for piece in _PIECE.finditer(data):
        part = piece[0]
        if piece["line"]:
            stretch.go(int(piece["line"]) - 1, int(piece["column"]) - 1)
        elif piece["head"]:
            part = stretch.put(_cluster(piece["code"]), cell_len(piece["head"]) + len(piece["more"]))
        elif piece["stray"]:
            part = ""  # its cluster was cut in half, which leaves a blank
        elif piece["text"]:
            stretch.column += cell_len(part)
        parts.append(part)
    stretch.go(-1, -1)
    return "".join(parts), stretch.spilled


@lru_cache(maxsize=4096)
def _cluster(code: str) -> str:
    """The cluster that was held. Looked at as all that is painted: text may pretend to be held."""
    data = bytes(ord(carrier) - _BYTES for carrier in code if carrier != _END)
    return painted(data.decode(errors="replace"))


@lru_cache(maxsize=4096)
def _most_cells(cluster: str) -> int:
    """How many cells a terminal may fill that adds up code points."""
    return sum(max(1, cell_len(char)) for char in cluster)
