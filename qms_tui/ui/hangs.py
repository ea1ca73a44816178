"""What does not answer, the daemon or a keeper, and the key that restarts it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from qms_tui.errors import QmsTuiError
from qms_tui.ui.keymap import RESTART_HUNG_KEY, shown_key
from qms_tui.ui.shell import Shell
from qms_tui.ui.terminals.terminals import Terminals

_log = logging.getLogger(__name__)
DAEMON, KEEPER = "the daemon", "the keeper"
NOTHING = "Nothing hangs: the daemon and the keeper answer."


class Hangs:
    """Ends by force what hangs; `app` owns this.

    The screen's connection to the daemon starts another daemon, and the daemon another keeper.
    """

    def __init__(self, app: Shell, terminals: Terminals) -> None:
        self._app, self._terminals = app, terminals
        self._shown = ""

    def show(self) -> None:
        """Bring the status line up to date, if something hangs now or does no more."""
        if self.hint != self._shown:
            self._shown = self.hint
            self._app.show_chrome()

    @property
    def names(self) -> tuple[str, ...]:
        """What hangs and can be restarted."""
        daemon = self._app.daemon.hangs and self._app.session.end_daemon is not None
        keeper = bool(self._terminals.hung_keepers)
        return tuple(name for name, hangs in ((DAEMON, daemon), (KEEPER, keeper)) if hangs)

    @property
    def hint(self) -> str:
        """What hangs, and what to press; empty if nothing does."""
        names = self.names
        if not names:
            return ""
        hang, them = ("hangs", "it") if len(names) == 1 else ("hang", "them")
        return f"{' and '.join(names)} {hang}: {shown_key(RESTART_HUNG_KEY)} restarts {them}"

    def restart(self) -> None:
        """Restart what hangs, and say so."""
        names = self.names
        if not names:
            self._app.notify(NOTHING, markup=False)
            return
        ends: list[Callable[[], object]] = [
            partial(self._terminals.end_keeper, keeper) for keeper in self._terminals.hung_keepers
        ]
        end_daemon = self._app.session.end_daemon
        if DAEMON in names and end_daemon is not None:
            ends.append(end_daemon)
        verb = "is" if len(names) == 1 else "are"
        self._app.notify(f"{_capitalized(' and '.join(names))} {verb} restarted; agents go on.", markup=False)
        for end in ends:
            self._app.daemon.go(self._end(end))

    async def _end(self, end: Callable[[], object]) -> None:
        _log.warning("what hangs is ended by force")
        try:
            await asyncio.to_thread(end)
        except QmsTuiError as error:
            self._app.refuse(error)


def _capitalized(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
