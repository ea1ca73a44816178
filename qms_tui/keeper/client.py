"""An interface's way to the keeper: finds it, starts it where there is none, opens connections. Blocking."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qms_tui.errors import KeeperError
from qms_tui.ipc.connect import connect_own
from qms_tui.ipc.launch import LOG_HINT, START_PATIENCE, Process, launch, reap, wait_until_serving
from qms_tui.ipc.lock import end_owner, has_let_go, is_older, owner_of
from qms_tui.keeper.paths import LOCAL, LOCK, SOCKET, keeper_folder
from qms_tui.keeper.protocol import (
    NEWER_HOLDS,
    OPEN_AGAIN,
    PROTOCOL,
    Frames,
    Hello,
    Kind,
    ProtocolError,
    Want,
    read_message,
    size_frame,
)
from qms_tui.runtime import Size
from qms_tui.workers import Counterpart

_log = logging.getLogger(__name__)

ANSWER_PATIENCE = (
    12.0  # seconds until it must have held a container, longer than the engine's attach may take
)
KNOCK_PATIENCE = 3.0  # seconds until a keeper must say that it is there; one that works takes milliseconds
END_PATIENCE = 15.0  # seconds until one that is asked to end has ended its gateway, too; then by force
_POLL = 0.02  # seconds between knocks at a socket that somebody else is about to open
_READ = 65536
_TRIES = 3  # to open a connection where a keeper ends as we come, or is of another version

KEEPER = Counterpart(
    "the keeper",
    KeeperError,
    "qms-tui doctor says how it is; agents go on meanwhile",
    "start qms-tui again; agents go on meanwhile",
)


class _Refused(KeeperError):
    """The keeper answers, and its answer is no."""


class _Ended(KeeperError):
    """The keeper that was connected to is gone: it may have been killed just then."""

    def __init__(self) -> None:
        super().__init__("the keeper ended", LOG_HINT)


class KeeperClient:
    """Opens connections to the keeper of one project on one engine."""

    def __init__(
        self,
        project: Path,
        engine: str,
        options: Sequence[str] = (),
        *,
        folder: Path | None = None,
        lifeline: int = -1,
    ) -> None:
        """`engine` is its address; `options` are for a keeper that has to be started.

        `folder` is where it has its files, if that is not the usual place; `lifeline` a pipe with whose end
        it ends.
        """
        self._folder = folder or keeper_folder(project, engine)
        self._lifeline, self._is_local = lifeline, engine == LOCAL
        own: tuple[str, ...] = ("--folder", str(folder)) if folder is not None else ()
        own += ("--lifeline", str(lifeline)) if lifeline >= 0 else ()
        self._command = [
            *(sys.executable, "-m", "qms_tui.keeper"),
            *("--project", str(project), "--engine", engine, *own, *options),
        ]
        self._starting = threading.Lock()
        self._started: Process | None = None
        self._interface = uuid.uuid4().hex
        self._name = screen_name()
        self.palette = ""
        """The colours of this interface, for those who ask the terminals that it leads."""

    @property
    def address(self) -> Path:
        """Where it listens."""
        return self._folder / SOCKET

    def open(self, want: Want, agent: str, container: str, size: Size) -> Connection:
        """A connection that follows an agent; starts a keeper if there is none. Raises KeeperError."""
        who = self._interface, self._name
        hello = Hello(want, agent, container, *who, size.columns, size.lines, self.palette)
        trouble: KeeperError = _Ended()
        for _ in range(_TRIES):
            try:
                welcome = self._knock()
                if not self._is_to_be_replaced(welcome):
                    return self._greeted(hello)
                self._take_over(welcome)
            except _Ended as ended:
                trouble = ended
        raise trouble

    def ready(self) -> None:
        """See to it that a keeper serves; waits for one that has to be started. Raises KeeperError."""
        self._knock()

    def status(self, want: Want = Want.STATUS, patience: float = ANSWER_PATIENCE) -> dict[str, Any] | None:
        """What a running keeper says of itself, or its agents' programs; None if none runs."""
        return self._ask(want, patience)

    def stop(self) -> bool:
        """End a running keeper and wait for its end, by force if it hangs; whether there was one."""
        lock = self._folder / LOCK
        owner = owner_of(lock)
        try:
            if not self._is_there() or not self._stop():
                return False
        except KeeperError:
            if not end_owner(lock, pid=owner):
                raise
        else:
            # It lets go of us before it lets go of everything.
            if owner is not None and not has_let_go(lock, owner, END_PATIENCE):
                end_owner(lock, pid=owner)
        return True

    def _is_there(self) -> bool:
        """Whether a keeper answers. Raises KeeperError if one does not."""
        try:
            return self._ask(Want.STATUS, KNOCK_PATIENCE) is not None
        except _Refused:  # a newer one; it ends for any
            return True

    def _stop(self) -> bool:
        found = self._connect()
        if found is None:
            return False
        connection = Connection(found)
        try:
            connection.greet(Hello(Want.STOP))
            connection.wait_for_end()
        except _Ended:
            pass
        finally:
            connection.close()
        return True

    def start_early(self) -> None:
        """See to it that a keeper runs, without waiting for it: it is needed in a moment."""
        found = self._connect()
        if found is not None:
            found.close()
        else:
            self._started = self._spawn()

    def close(self) -> None:
        """Reap what was started early, once a keeper is there or none is needed; the keeper goes on."""
        with self._starting:
            process, self._started = self._started, None
        if process is not None:
            reap(process)

    def _knock(self) -> dict[str, Any]:
        """What the keeper says of itself at once: only then it is worth to wait for more."""
        welcome = self._ask(Want.STATUS, KNOCK_PATIENCE)
        if welcome is not None:
            self.close()  # else it would be taken for the one that is started when this keeper has ended
            return welcome
        self._start().close()
        welcome = self._ask(Want.STATUS, KNOCK_PATIENCE)
        if welcome is None:
            raise _Ended
        return welcome

    def _greeted(self, hello: Hello) -> Connection:
        connection = Connection(self._connect() or self._start())
        try:
            connection.greet(hello)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ask(self, want: Want, patience: float = ANSWER_PATIENCE) -> dict[str, Any] | None:
        found = self._connect()
        if found is None:
            return None
        found.settimeout(patience)
        connection = Connection(found)
        try:
            return connection.greet(Hello(want))
        except _Ended:
            return None
        finally:
            connection.close()

    def _is_to_be_replaced(self, welcome: dict[str, Any]) -> bool:
        """Whether the keeper that says this is older, or not understood. Raises KeeperError for a newer one.

        One of local agents that is merely of an older version stays until a human says otherwise: nobody but
        the two of us keeps what those print.
        """
        spoken = welcome.get("protocol")
        if isinstance(spoken, int) and spoken > PROTOCOL:
            raise KeeperError(NEWER_HOLDS, OPEN_AGAIN)
        return spoken != PROTOCOL or (not self._is_local and is_older(welcome, PROTOCOL))

    def _take_over(self, older: dict[str, Any]) -> None:
        """Have a keeper of ours wait for the lock of an older one, and end that: its screens, which start
        another one as soon as theirs is gone, come too late.
        """
        _log.warning("a keeper of version %s is ended for ours", older.get("version"))
        with self._starting:
            now = self._ask(Want.STATUS, KNOCK_PATIENCE)
            if now is None or now.get("pid") != older.get("pid"):
                return  # somebody has been faster
            if owner_of(self._folder / LOCK) is None:  # its files were exchanged: no lock to wait for
                self.stop()
            else:
                process = launch([*self._command, "--take-over"], self._lifeline)
                wait_until_serving(process, "the keeper", KeeperError)

    def _connect(self) -> socket.socket | None:
        """A connection to a keeper that is ours; None if nobody listens. Raises KeeperError."""
        connection = connect_own(self._folder / SOCKET, KNOCK_PATIENCE, "keeper", KeeperError)
        if connection is not None:
            connection.settimeout(ANSWER_PATIENCE)
        return connection

    def _start(self) -> socket.socket:
        """Start a keeper and wait until one serves: ours, or that of somebody who was faster."""
        with self._starting:  # one start for all agents
            connection = self._connect()
            if connection is None:
                process, self._started = self._started or self._spawn(), None
                wait_until_serving(process, "the keeper", KeeperError)
                connection = self._connect_soon()
        return connection

    def _connect_soon(self) -> socket.socket:
        until = time.monotonic() + START_PATIENCE
        while (connection := self._connect()) is None:
            if time.monotonic() > until:
                raise KeeperError("the keeper does not start", LOG_HINT)
            time.sleep(_POLL)
        return connection

    def _spawn(self) -> Process:
        return launch(self._command, self._lifeline)


class Connection:
    """One connection after its greeting, while it still blocks."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.early: list[tuple[int, bytes]] = []
        self.frames = Frames()

    def greet(self, hello: Hello) -> dict[str, Any]:
        """What the keeper says first. Raises KeeperError if it refuses or is silent."""
        try:
            with contextlib.suppress(BrokenPipeError):  # it has refused us before we spoke, and said why
                self.socket.sendall(hello.encode())
            while not self.early:
                data = self.socket.recv(_READ)
                if not data:
                    raise _Ended
                self.early = self.frames.feed(data)
            kind, body = self.early.pop(0)
            content = read_message(body)
        except ConnectionResetError:
            raise _Ended from None
        except (OSError, ProtocolError) as error:
            raise KeeperError(f"the keeper does not answer: {error}", LOG_HINT) from error
        if kind == Kind.REFUSED:
            raise _Refused(str(content.get("message", "")), str(content.get("hint", "")))
        return content

    def say_size(self, size: Size) -> None:
        """The container that was to be started runs, at that size; lets go. A keeper that is gone hears of
        its size from whoever shows it.
        """
        with contextlib.suppress(OSError), self.socket:
            self.socket.sendall(size_frame(size.columns, size.lines))

    def wait_for_end(self) -> None:
        """Wait until the keeper has closed the connection."""
        try:
            while self.socket.recv(_READ):
                pass
        except OSError as error:
            raise KeeperError(f"the keeper does not end: {error}", LOG_HINT) from error

    def close(self) -> None:
        """Let go; idempotent."""
        self.socket.close()


def end_hung(keeper: Path) -> None:
    """End a keeper that does not answer, by force; `keeper` is its socket. Blocking.

    Agents go on, and keys that wait are for the next keeper, which whoever decides about agents starts.
    Raises KeeperError if it stays.
    """
    lock = keeper.with_name(LOCK)
    if not end_owner(lock):
        raise KeeperError("the keeper does not end", f"kill the process that {lock} names")


def screen_name() -> str:
    """What a human knows this interface by: its terminal."""
    try:
        return os.ttyname(0).removeprefix("/dev/")
    except OSError:
        return f"process {os.getpid()}"
