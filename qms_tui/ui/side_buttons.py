"""Mouse buttons 8 to 11 (back, forward, and two more): for an agent's program only.

They are no MouseDown and MouseUp of Textual's, which would move the focus, select text and click.
"""

from __future__ import annotations

from textual import events

FIRST = 8
"""The number of the first of them; xterm's code for it is `CODE`."""
CODE = 128


class SideButtonDown(events.MouseEvent, bubble=True):
    """One of the buttons was pressed."""


class SideButtonUp(events.MouseEvent, bubble=True):
    """One of the buttons was released."""
