"""Where a program's cursor stands: behind its free prompt, behind what was typed there, or neither. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from qms_tui.terminal import Attribute, Run, Terminal

LONGEST_PROMPT = (
    200  # characters; a row that is longer is none. What config/parse.py admits is quick on so many
)
MOST_ROWS = 4  # times as many as full ones: of wide characters, broken at words
_WIDEST = 2  # columns of a character


class Prompt(Struct, frozen=True):
    """What stands before the cursor, and behind it as a hint that is gone once something is typed."""

    text: str
    hint: str = ""


def free_prompt(terminal: Terminal, pattern: re.Pattern[str]) -> Prompt | None:
    """The prompt at the cursor, if there is one and nothing is typed there; else None.

    A blank is a blank, no-break or not: nobody sees which. A pattern that would take what is typed for a part
    of the prompt never finds one free.
    """
    before, behind = _before(terminal), terminal.after_cursor().strip()
    if not _has_cursor(terminal) or len(before) > LONGEST_PROMPT or _goes_on_from_above(terminal):
        return None
    if not pattern.fullmatch(before) or pattern.fullmatch(before + "x"):
        return None
    return Prompt(before, behind) if not behind or _is_hint(terminal) else None


def stands(terminal: Terminal, prompt: Prompt, line: str) -> bool:
    """Whether prompt and line, and nothing else, stand from a row's start up to the cursor.

    Over as many rows as they take, also if the program breaks them at words and indents what follows. Of a
    hint behind it nothing may be left: it may have been what somebody typed.
    """
    text = prompt.text + line
    if prompt.hint and terminal.after_cursor().strip():
        return False
    at_end = terminal.before_cursor().endswith(text[-1:])
    most = MOST_ROWS * len(text) // terminal.columns + 1
    befores = (_before(terminal, above) for above in range(most + 1))
    return any(before == text or (at_end and _is_laid_out(before, prompt, text)) for before in befores)


def _is_laid_out(before: str, prompt: Prompt, text: str) -> bool:
    return before.startswith(prompt.text) and "".join(before.split()) == "".join(text.split())


def _before(terminal: Terminal, above: int = 0) -> str:
    return terminal.before_cursor(above).replace("\xa0", " ")


def _has_cursor(terminal: Terminal) -> bool:
    """Whether the program shows its cursor, or would if its pane had the focus: Claude Code hides it then."""
    return terminal.cursor.visible or terminal.modes.focus_events


def _is_hint(terminal: Terminal) -> bool:
    """Whether what stands behind the cursor is faint, but for a character that the program's own cursor lies
    on: so Claude Code and its like show what could be typed."""
    cursor, start, faint = terminal.cursor, 0, False
    for run in terminal.styled(cursor.row):
        end = start + run.width
        if end > cursor.column and run.text.strip():
            is_faint = bool(run.style.attributes & Attribute.FAINT)
            if not is_faint and not (start == cursor.column and _is_own_cursor(run)):
                return False
            faint = faint or is_faint
        start = end
    return faint


def _is_own_cursor(run: Run) -> bool:
    return run.width <= _WIDEST and bool(run.style.attributes & Attribute.INVERSE)


def _goes_on_from_above(terminal: Terminal) -> bool:
    """Whether the cursor's row is the rest of a longer line."""
    above = terminal.cursor.row - 1
    there = above >= 0 or (terminal.history_length > 0 and not terminal.modes.alternate_screen)
    return there and terminal.is_wrapped(above)
