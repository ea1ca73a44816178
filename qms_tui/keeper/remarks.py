"""What a human should know of an agent's terminal: of its journal, of the disk, of a gap in its output."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from qms_tui.keeper.watcher import Watcher

_log = logging.getLogger(__name__)

GAP_TOLD = 10.0  # seconds after a gap in which interfaces that come back are told of it
JOURNAL_WELL = "the journal is written to disk again"
DISK_WELL = "there is room on its disk again"


class Remarks:
    """Of one agent, for the interfaces that follow and for the watches."""

    def __init__(
        self,
        agent: str,
        watchers: Callable[[], Iterable[Watcher]],
        on_note: Callable[..., None],
        on_news: Callable[[str, str], None],
    ) -> None:
        self._agent, self._watchers = agent, watchers
        self._on_note, self._on_news = on_note, on_news
        self._journal = self._disk = ""
        self._gap, self._gap_until = "", 0.0

    @property
    def gap(self) -> str:
        """What those who come back just now should know of what was printed meanwhile."""
        return self._gap if time.monotonic() < self._gap_until else ""

    def text(self, journal: str) -> str:
        """What holds, given the journal's trouble now; the interfaces cut it where it is long."""
        trouble = self._journal and (journal or self._journal)
        return " · ".join(part for part in (self._disk, trouble) if part)

    def say_gap(self, text: str) -> None:
        """So much is missing; nothing if that is empty."""
        self._gap, self._gap_until = text, time.monotonic() + GAP_TOLD
        if text:
            self._on_note(self._agent, text, holds=False, again=False)

    def say_journal(self, trouble: str) -> None:
        """So it stands with the journal; that it is well is only told where it was not."""
        if not trouble and not self._journal:
            return
        self._journal = trouble
        _log.warning("%s: %s", self._agent, trouble or JOURNAL_WELL)
        self._say(trouble, JOURNAL_WELL)

    def say_disk(self, text: str, journal: str, *, new: bool) -> None:
        """So it stands with what the agent takes on disk; there is nothing to say if that is empty.

        `new` if it is more than other figures.
        """
        changed, self._disk = text != self._disk, text
        if changed:
            self._say(journal, DISK_WELL, again=new)

    def _say(self, journal: str, otherwise: str, *, again: bool = False) -> None:
        holding = self.text(journal)
        text, holds = holding or otherwise, bool(holding)
        for watcher in self._watchers():
            watcher.send_remark(text, holds=holds, again=again)
        self._on_note(self._agent, text, holds=holds, again=again)
        self._on_news(self._agent, "remark")
