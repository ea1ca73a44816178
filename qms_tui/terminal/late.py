"""What is only imported when text beyond ASCII comes.

The tables of Unicode and the regular expressions made of them take 90 of the terminal's 190 ms to import;
the first frame is painted before any program has written a word.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType


@cache
def width() -> ModuleType:
    """width.py."""
    from qms_tui.terminal import width

    return width


@cache
def joining() -> ModuleType:
    """joining.py."""
    from qms_tui.terminal import joining

    return joining


@cache
def plain_text() -> re.Pattern[str]:
    """A character that takes a cell, or two."""
    return re.compile(f"[{width().PLAIN_TEXT}]")


def load() -> None:
    """Import it all now, in any thread: otherwise the first such text is held up by 65 ms."""
    joining()
    plain_text()
