"""The screen's way to the project's daemon, which is being started while the screen is painted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qms_tui.api.process import daemon_options, launch_early
from qms_tui.errors import OpeningError, QmsTuiError
from qms_tui.ipc.launch import reap
from qms_tui.project import Project

if TYPE_CHECKING:  # the wire comes with whoever connects, after the first painting
    from qms_tui.api.client import Client
    from qms_tui.api.commands import Environment, Hold
    from qms_tui.api.daemon import Daemon
    from qms_tui.api.deltas import News

NAME = "the screen"
_log = logging.getLogger(__name__)


class Opening:
    """Begins with a daemon, if there is none; `close` lets go of what was begun in vain.

    Each client has it hold the same agents. Only the first one arms the project: when another one is needed,
    somebody may have ended everything meanwhile.
    """

    def __init__(
        self,
        project: Project,
        wish: Callable[[], Hold],
        environment: Callable[[], Environment],
        *,
        config_file: str = "",
        log_level: str = "info",
        lifeline: int = -1,
        keeps_older: bool = False,
    ) -> None:
        """`wish` and `environment` are asked for once somebody connects. With the end of the pipe `lifeline`
        the daemon ends. `keeps_older`: a daemon of an older version is not replaced.
        """
        self._root, self._wish, self._environment, self._lifeline = project.root, wish, environment, lifeline
        self._keeps_older = keeps_older
        self._options = daemon_options(config_file, log_level)
        self.began = time.time()  # whatever the daemon tells from now on is news
        self._early = launch_early(self._root, self._options, lifeline)
        self._is_held = False

    async def connect(self, hear: Callable[[News], None]) -> Client:
        """A client that has subscribed. Raises OpeningError if the daemon holds nothing for us."""
        client = await self._client()
        try:
            await client.subscribe(hear)
        except BaseException:
            await client.close()
            raise
        return client

    def _daemon(self) -> Daemon:
        from qms_tui.api.daemon import Daemon

        return Daemon(self._root, self._options, self._lifeline, self._keeps_older)

    async def _client(self) -> Client:
        daemon = self._daemon()
        return await (self._again(daemon) if self._is_held else self._first(daemon))

    async def _again(self, daemon: Daemon) -> Client:
        """What is refused now is still there to be seen."""
        from msgspec.structs import replace

        from qms_tui.api.commands import HOLD, SET_ENVIRONMENT
        from qms_tui.api.errors import ApiError, ConnectionLost

        client = await daemon.reach(NAME)
        try:
            await client.request(SET_ENVIRONMENT, self._environment())
            await client.request(HOLD, replace(self._wish(), again=True))
        except ConnectionLost:
            await client.close()
            raise
        except ApiError as error:
            _log.warning("not held again: %s (%s)", error.message, error.hint)
        return client

    async def _first(self, daemon: Daemon) -> Client:
        early, self._early = self._early, None
        try:
            client = await daemon.hold(NAME, self._wish(), self._environment(), early)
        except QmsTuiError as error:
            raise OpeningError(error.message, error.hint) from error
        self._is_held = True
        return client

    def end_daemon(self) -> None:
        """End one that hangs, by force; who connects gets another one. Blocking. Raises DaemonError."""
        from qms_tui.api.daemon import Daemon

        Daemon(self._root).end(grace=0.0)

    def try_out(self) -> None:
        """Raise QmsTuiError if the daemon would hold nothing for us; it does not yet."""
        import asyncio

        from msgspec.structs import replace

        async def ask() -> None:
            daemon, early = self._daemon(), self._early
            self._early = None
            wish = replace(self._wish(), trial=True)
            await (await daemon.hold(NAME, wish, self._environment(), early)).close()

        asyncio.run(ask())

    def close(self) -> None:
        """Reap what was started for nobody; idempotent."""
        early, self._early = self._early, None
        if early is not None:
            reap(early)
