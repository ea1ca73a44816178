"""Takes clients in that connect: processes of our user that see the files and processes that we see."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from qms_tui.ipc import Stranger, check_own

_log = logging.getLogger(__name__)

MOST_COMPLAINTS = 1000  # about strangers, of which the log has one: an agent must not fill it
PAUSE = 0.2  # seconds after the system had no descriptor or memory left for a client


class Listener:
    """Within the event loop, from the start; the listening socket is its own."""

    def __init__(self, endpoint: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        """`serve` takes over each connection."""
        self._endpoint, self._serve = endpoint, serve
        self._complaints = 0
        self._task = asyncio.get_running_loop().create_task(self._accept(), name="listener")

    async def close(self) -> None:
        """Take nobody in any more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._endpoint.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._endpoint)
            except OSError as error:
                _log.warning("a client cannot be taken in: %s", error)
                await asyncio.sleep(PAUSE)
                continue
            try:
                check_own(connection)
            except Stranger as stranger:
                connection.close()
                self._complain(stranger)
            else:
                self._serve(connection)

    def _complain(self, stranger: Stranger) -> None:
        if self._complaints % MOST_COMPLAINTS == 0:
            _log.warning("somebody was turned away: it %s (%d before)", stranger, self._complaints)
        self._complaints += 1
