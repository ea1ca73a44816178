"""Which items the sidebar shows: the newest of all, or those that the daemon finds."""

from __future__ import annotations

import logging
from collections.abc import Callable

from qms_tui.api.commands import FIND_ITEMS, FindItems, Items
from qms_tui.api.errors import ApiError, ConnectionLost
from qms_tui.ui.daemon_link import DaemonLink

EVERYTHING = FindItems()
_log = logging.getLogger(__name__)


class ItemSearch:
    """Asks one question at a time, however often something is new; `show` is called with each answer."""

    def __init__(self, daemon: DaemonLink, show: Callable[[], None]) -> None:
        self._daemon, self._show = daemon, show
        self.wish = EVERYTHING
        """What is looked for."""
        self.found = Items()
        """What there was of it, as far as the daemon has said."""
        self._is_asking = self._is_stale = False

    def again(self) -> None:
        """The wish is another one, or there may be other items."""
        if self.wish == EVERYTHING:
            self.found = Items(self._daemon.mirror.newest, self._daemon.mirror.more)
            self._show()
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
                    self.found = found
                    self._show()
        except ApiError as error:
            self._daemon.refuse(error)
        except ConnectionLost as error:  # the status line says so
            _log.info("items are not looked for: %s", error)
        finally:
            self._is_asking = False
