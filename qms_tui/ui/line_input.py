"""A line of text whose end is acted on at once."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input


class LineInput(Input):
    """Calls `done` at Enter: a message would be handled after the next keys, which are for somebody else."""

    def __init__(self, done: Callable[[], None], text: str = "", *, placeholder: str, id: str) -> None:
        super().__init__(text, placeholder=placeholder, id=id, compact=True)
        self._done = done

    async def action_submit(self) -> None:
        """Enter."""
        self._done()
