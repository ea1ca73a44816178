"""A line of text whose end is acted on at once."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import Input

from qms_tui.ui.input import hand_on


class LineInput(Input):
    """Calls `done` with the key that ends it, one of `ends`.

    A message or a binding would be acted on after the next keys, which are for somebody else.
    """

    def __init__(
        self, done: Callable[[str], None], ends: tuple[str, ...], text: str, placeholder: str, name: str
    ) -> None:
        super().__init__(text, placeholder=placeholder, id=name, compact=True)
        self._done = done
        self._ends = ends

    def on_key(self, event: events.Key) -> None:
        """Take what ends the line; the rest is the input's."""
        if self.app.screen is not self.screen or self.screen.focused is not self:
            hand_on(self, event)
        elif event.key in self._ends:
            event.stop()
            event.prevent_default()
            self._done(event.key)
