"""Where a program's cursor stands: behind its free prompt, behind what was typed there, or neither. Pure."""

from __future__ import annotations

import re

from qms_tui.terminal import Terminal

LONGEST_PROMPT = (
    200  # characters; a row that is longer is none. What config/parse.py admits is quick on so many
)


def free_prompt(terminal: Terminal, pattern: re.Pattern[str]) -> str | None:
    """What stands before the cursor, if that is a prompt and nothing is typed there; else None.

    A pattern that would take what is typed for a part of the prompt never finds one free.
    """
    before = terminal.before_cursor()
    if not terminal.cursor.visible or len(before) > LONGEST_PROMPT or terminal.after_cursor().strip():
        return None
    if _goes_on_from_above(terminal) or pattern.fullmatch(before + "x"):
        return None
    return before if pattern.fullmatch(before) else None


def stands(terminal: Terminal, text: str) -> bool:
    """Whether exactly this stands before the cursor, from a row's start, over as many rows as it takes."""
    most = 2 * len(text) // terminal.columns + 1  # every character may be a wide one
    return any(terminal.before_cursor(above) == text for above in range(most + 1))


def _goes_on_from_above(terminal: Terminal) -> bool:
    """Whether the cursor's row is the rest of a longer line."""
    above = terminal.cursor.row - 1
    there = above >= 0 or (terminal.history_length > 0 and not terminal.modes.alternate_screen)
    return there and terminal.is_wrapped(above)
