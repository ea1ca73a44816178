"""Which tabs of a line that is too short for all are shown. Pure; lengths in cells."""

from __future__ import annotations

from collections.abc import Sequence


def more_before(count: int) -> str:
    """The sign for tabs on the left that are not shown."""
    return f"←{count} " if count else ""


def more_behind(count: int) -> str:
    """The sign for tabs on the right that are not shown."""
    return f" {count}→" if count else ""


def shown_tabs(widths: Sequence[int], focused: int, room: int) -> range:
    """The tabs to show, by their indices: the focused one always, the others from as far left as that allows.

    The focused one alone may be wider than what the signs leave of `room`.
    """
    for first in range(focused + 1):
        shown = _from(first, widths, room)
        if focused in shown:
            return shown
    return range(focused, focused + 1)


def room_within(shown: range, count: int, room: int) -> int:
    """What the signs leave of `room`."""
    return room - len(more_before(shown.start)) - len(more_behind(count - shown.stop))


def _from(first: int, widths: Sequence[int], room: int) -> range:
    """As many as fit, beginning with the first."""
    for stop in range(len(widths), first, -1):
        shown = range(first, stop)
        if sum(widths[first:stop]) <= room_within(shown, len(widths), room):
            return shown
    return range(first, first)
