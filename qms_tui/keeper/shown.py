"""What a program shows of itself beside its text, and since when: for those who see no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable

from qms_tui.terminal import Bell, StatusChanged, TerminalEvent, TitleChanged

TITLE_LENGTH = 80  # characters of a program's title that are kept


class Shown:
    """Of one program; times are seconds since 1970, 0 for never."""

    def __init__(self) -> None:
        self.titled_at = self.rang_at = 0.0

    def take(self, events: Iterable[TerminalEvent]) -> set[str]:
        """These have come; which facts are others now."""
        names: set[str] = set()
        for event in events:
            if isinstance(event, TitleChanged):
                self.titled_at = time.time()
                names.add("title")
            elif isinstance(event, Bell):
                self.rang_at = time.time()
                names.add("rang_at")
            elif isinstance(event, StatusChanged):
                names.add("status")
        return names


def cleaned(title: str) -> str:
    """A title as it can be shown."""
    return "".join(c for c in title if c.isprintable())[:TITLE_LENGTH]
