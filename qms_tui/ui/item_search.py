"""Which items the sidebar shows: the newest of all, or those of them that are looked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from qms_tui.api.commands import FIND_ITEMS, FindItems, Items
from qms_tui.api.errors import ApiError, ConnectionLost
from qms_tui.ui.daemon_link import DaemonLink

EVERYTHING = FindItems()
_log = logging.getLogger(__name__)


class ItemSearch:
    """Looks at what is known here at once, for keys may follow; the daemon is asked for older ones, one
    question at a time. `show` is called with each answer.
    """

    def __init__(self, daemon: DaemonLink, show: Callable[[], None]) -> None:
        self._daemon, self._show = daemon, show
        self.wish = EVERYTHING
        """What is looked for."""
        self.found = Items()
        """What there is of it."""
        self._found_for = EVERYTHING  # of whom the daemon has found all
        self._is_asking = self._is_stale = False

    def again(self) -> None:
        """The wish is another one, or there may be other items."""
        mirror = self._daemon.mirror
        is_whole = self.wish == EVERYTHING or not mirror.more
        if is_whole or self._found_for != self.wish:
            more = mirror.more if self.wish == EVERYTHING else 0
            self.found = Items(tuple(filter(self.wish.takes, mirror.newest)), more)
            self._show()
        if is_whole:
            self._found_for = EVERYTHING
            return
        self._is_stale = True
        if not self._is_asking:
            self._is_asking = True
            self._daemon.go(self._ask())

    async def _ask(self) -> None:
        try:
            while self._is_stale and self.wish != EVERYTHING:
                self._is_stale, wish = False, self.wish
                found = await self._daemon.request(FIND_ITEMS, wish)
                if wish == self.wish:
                    self.found, self._found_for = found, wish
                    self._show()
        except ApiError as error:
            self._daemon.refuse(error)
        except ConnectionLost as error:  # the status line says so
            _log.info("older items are not looked for: %s", error)
        finally:
            self._is_asking = False
