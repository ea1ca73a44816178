"""What of the status line gives way where there is little room, and in which order. Pure; in cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import Struct
from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
BETWEEN = " · "
NAME_LEAST = 12  # cells of the project's name that stay while anything else may have all of its own
NAME_TINY = 4  # cells of it that always stay
_MARGIN = 1  # cell on the left


@dataclass(frozen=True, slots=True)
class Part:
    """Some words, and what may stand in their place: ever fewer, at last nothing."""

    text: str
    look: str = ""
    shorter: tuple[str, ...] = ()
    rank: int = 0
    """The lowest gives way first."""

    def less(self) -> Part:
        """The same with fewer words; without any once there are none left to try."""
        text, *further = *self.shorter, ""
        return replace(self, text=text, shorter=tuple(further[:-1]))


class Fit(Struct, frozen=True):
    """What to show: the name, the parts that have words, the hint for what is left of the line."""

    name: str
    parts: tuple[Part, ...]
    hint: str


def shortened(text: str, cells: int) -> str:
    """A text of at most so many cells, with an ellipsis where it was cut; a wide character is not halved."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(0, cells - 1)).rstrip() + ELLIPSIS if cells > 0 else ""


def fit(name: str, parts: Sequence[Part], hints: Sequence[str], width: int) -> Fit:
    """What fits into a line of `width` cells: the name gives way first, then the hints, then the parts.

    The first of `hints` that fits is taken.
    """
    for hint in hints:
        if _room(parts, hint, width) >= min(cell_len(name), NAME_LEAST):
            return _fit(name, parts, hint, width)
    tiny = min(cell_len(name), NAME_TINY)
    for hint in (*hints[-1:], ""):
        if _room(parts, hint, width) >= tiny:
            return _fit(name, parts, hint, width)
    return _fit(name, _fewer(parts, width - tiny), "", width)


def _fit(name: str, parts: Sequence[Part], hint: str, width: int) -> Fit:
    shown = tuple(part for part in parts if part.text)
    return Fit(shortened(name, _room(shown, hint, width)), shown, hint)


def _room(parts: Sequence[Part], hint: str, width: int) -> int:
    """Cells that are left for the name."""
    words = sum(cell_len(BETWEEN + part.text) for part in parts if part.text)
    return width - _MARGIN - words - (cell_len(hint) + 2 if hint else 0)


def _fewer(parts: Sequence[Part], width: int) -> list[Part]:
    """Parts that fit, an ellipsis at their end for those that are left out."""
    left = list(parts)
    sign = Part(ELLIPSIS)
    while _room([*left, sign], "", width) < 0 and any(part.text for part in left):
        least = min((part for part in left if part.text), key=lambda part: part.rank)
        left[left.index(least)] = least.less()
    return [*left, sign] if any(not part.text for part in left) else left
