"""The screen's way to the project's daemon, which is being started while the screen is painted."""

from __future__ import annotations

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


class Opening:
    """Begins with a daemon, if there is none; `close` lets go of what was begun in vain.

    The first client has it hold agents. Those after it do not: only a human arms a project, who has maybe
    ended everything meanwhile. A daemon that comes later knows by itself what was held.
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
    ) -> None:
        """`wish` and `environment` are asked for once somebody connects. With the end of the pipe `lifeline`
        the daemon ends.
        """
        self._root, self._wish, self._environment, self._lifeline = project.root, wish, environment, lifeline
        self._options = daemon_options(config_file, log_level)
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

    async def _client(self) -> Client:
        from qms_tui.api.commands import SET_ENVIRONMENT
        from qms_tui.api.daemon import Daemon

        daemon = Daemon(self._root, self._options, self._lifeline)
        if not self._is_held:
            return await self._first(daemon)
        client = await daemon.reach(NAME)
        try:
            await client.request(SET_ENVIRONMENT, self._environment())
        except BaseException:
            await client.close()
            raise
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

    def close(self) -> None:
        """Reap what was started for nobody; idempotent."""
        early, self._early = self._early, None
        if early is not None:
            reap(early)
