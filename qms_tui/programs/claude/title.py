"""What Claude Code's terminal title shows: a mark that turns while it works, another while it rests. Pure."""

from __future__ import annotations

from qms_tui.programs.signs import Signs

TURNING = 2.5  # seconds after which a title that stands still is no sign of work; busy ones turn every 0.96 s
RESTING = "✳"
_SPINNERS = ("◐", "◑", "◒", "◓")


def turns(signs: Signs, now: float) -> bool:
    """Whether the title shows that it works, and moves."""
    return signs.title.startswith(_SPINNERS) and now - signs.title_at < TURNING


def works_since(signs: Signs, title: str, now: float) -> float:
    """Since when it shows work, now that its title has become this one; 0 if it shows none."""
    if not title.startswith(_SPINNERS):
        return 0.0
    return signs.works_since if turns(signs, now) else now
