"""The keys while a pane shows its history. Pure."""

from __future__ import annotations

LEAVING = frozenset({"escape", "q"})


def step(key: str, page: int, everything: int) -> int:
    """How many rows a key moves the view up (positive) or down; 0 for one that does not move it."""
    rows = {
        "up": 1,
        "down": -1,
        "pageup": page,
        "pagedown": -page,
        "home": everything,
        "end": -everything,
    }
    return rows.get(key, 0)
