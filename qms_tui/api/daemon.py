"""A client of a project's daemon: the one that runs, or one that is started for it.

A daemon that hangs, or is older than we are, is replaced: agents, terminals and keys are the keeper's, and go
on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import socket
from typing import TypeVar

from msgspec import Struct

from qms_tui.api.client import Client
from qms_tui.api.commands import HOLD, SET_ENVIRONMENT, Environment, Hold
from qms_tui.api.errors import ApiError, ConnectionLost, ErrorCode
from qms_tui.api.place import LOCK, SOCKET, daemon_folder
from qms_tui.api.process import daemon_options, launch_daemon, older_version
from qms_tui.errors import DaemonError
from qms_tui.ipc.connect import connect_own
from qms_tui.ipc.launch import LOG_HINT, START_PATIENCE, Process, wait_until_serving
from qms_tui.ipc.lock import end_owner, is_taken, owner_of

T = TypeVar("T")
_log = logging.getLogger(__name__)

HELLO_PATIENCE = 5.0  # seconds until a daemon must answer; one that works takes milliseconds
END_GRACE = 15.0  # seconds in which one must have let go of everything; then it is killed
_TRIES = 3
_POLL = 0.02  # seconds between knocks at a socket that somebody else is about to open
_HANGS = "qms-tui start, or opening the screen, replaces it; agents go on meanwhile"


class Hangs(DaemonError):
    """There is a daemon, and it does not answer."""


class Daemon(Struct, frozen=True):
    """That of the project at `root`, whether it runs or not; `options` are for one that has to be started.

    With the end of the pipe `lifeline`, if there is one, it ends.
    `keeps_older`: one of an older version is not replaced.
    """

    root: Path
    options: Sequence[str] = ()
    lifeline: int = -1
    keeps_older: bool = False

    @property
    def folder(self) -> Path:
        """Where its lock and its socket are."""
        return daemon_folder(self.root)

    @property
    def runs(self) -> bool:
        """Whether there is one, answering or not."""
        return is_taken(self.folder / LOCK)

    async def find(self, name: str, patience: float = HELLO_PATIENCE) -> Client | None:
        """A client of the one that runs, which has said hello as `name`; None if there is none.

        Starts nothing; waits `patience` seconds for an answer. Raises Hangs, DaemonError for one that is not
        ours, ApiError for another version.
        """
        endpoint = await _apart(self._connect, patience)
        return await _greeted(endpoint, name, patience) if endpoint is not None else None

    async def reach(self, name: str, early: Process | None = None) -> Client:
        """The same, of one that is started if need be, in place of one that hangs or is older.

        `early` is being started already, and is waited for. Raises DaemonError, ApiError.
        """
        if early is not None:
            await _apart(self._wait_for, early)
        for _ in range(_TRIES):
            owner = owner_of(self.folder / LOCK)
            try:
                client = await self.find(name)
            except Hangs:
                _log.warning("the daemon of %s hangs and is replaced", self.root)
                await _apart(self.end, 0.0, owner)
            except ConnectionLost as error:
                _log.info("%s", error)  # it has just ended
            except ApiError as error:
                if error.code != ErrorCode.OTHER_VERSION or not self._is_outdated():
                    raise
                await _apart(self.end, END_GRACE, owner)
            else:
                if client is not None and not self._is_outdated():
                    return client
                if client is not None:
                    await client.close()
                    await _apart(self.end, END_GRACE, owner)
            await _apart(self.start)
        raise DaemonError("the daemon does not stay", LOG_HINT)

    async def hold(
        self, name: str, wish: Hold, environment: Environment, early: Process | None = None
    ) -> Client:
        """A client of a daemon that holds these agents, as `reach` gives one, with this environment.

        Raises DaemonError, and ApiError for what is refused.
        """
        client = await self.reach(name, early)
        try:
            await client.request(SET_ENVIRONMENT, environment)
            client.remarks = (await client.request(HOLD, wish)).remarks
        except BaseException:
            await client.close()
            raise
        return client

    def start(self) -> None:
        """See to it that one serves. Blocking. Raises DaemonError."""
        self._wait_for(launch_daemon(self.root, self.options, self.lifeline))

    def _wait_for(self, process: Process) -> None:
        wait_until_serving(process, "the daemon", DaemonError)
        until = time.monotonic() + START_PATIENCE
        while (endpoint := self._connect()) is None:  # somebody else's start may be under way
            if time.monotonic() > until:
                raise DaemonError("the daemon does not start", LOG_HINT)
            time.sleep(_POLL)
        endpoint.close()

    def end(self, grace: float = END_GRACE, pid: int | None = None) -> bool:
        """End the one that runs, by force if it does not; whether there was one. Blocking.

        With a `pid` only that one is ended. Raises DaemonError if it stays.
        """
        lock = self.folder / LOCK
        if not is_taken(lock):
            return False
        if not end_owner(lock, grace, pid):
            if (uid := lock.stat().st_uid) != os.geteuid():
                raise DaemonError(f"the daemon is that of user {uid}", "end it as that user")
            raise DaemonError("the daemon does not end", f"kill the process that {lock} names")
        return True

    def _connect(self, patience: float = HELLO_PATIENCE) -> socket | None:
        return connect_own(self.folder / SOCKET, patience, "daemon", DaemonError, Hangs)

    def _is_outdated(self) -> bool:
        """Whether the one that runs is older and to be replaced."""
        return not self.keeps_older and bool(older_version(self.root))


def daemon_of(
    root: Path, config_file: str = "", log_level: str = "info", *, keeps_older: bool = False
) -> Daemon:
    """That of the project at `root`; one that has to be started reads `config_file` in place of the user's
    own."""
    return Daemon(root, daemon_options(config_file, log_level), keeps_older=keeps_older)


async def _greeted(endpoint: socket, name: str, patience: float) -> Client:
    endpoint.setblocking(False)
    client = await Client.connect(endpoint)
    try:
        async with asyncio.timeout(patience):
            await client.hello(name)
    except TimeoutError:
        await client.close()
        raise Hangs("the daemon does not answer", _HANGS) from None
    except BaseException:
        await client.close()
        raise
    return client


async def _apart(function: Callable[..., T], *values: object) -> T:
    return await asyncio.to_thread(function, *values)
