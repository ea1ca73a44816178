"""The way to the spawner: finds it, starts it where there is none, asks. Blocking."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from qms_tui.errors import KeeperError
from qms_tui.ipc.connect import connect_own
from qms_tui.ipc.launch import LOG_HINT, Process, launch, reap, wait_until_serving
from qms_tui.ipc.lock import end_owner
from qms_tui.keeper.paths import SPAWNER_LOCK, SPAWNER_SOCKET
from qms_tui.keeper.spawner.messages import BadMessage, Message, Reader, encode
from qms_tui.keeper.spawner.request import Facts, Request

PATIENCE = 10.0  # seconds until it must have answered; it takes milliseconds
KNOCK_PATIENCE = 3.0  # seconds until it must have, where it is to end anyway
END_PATIENCE = 5.0  # seconds beyond a program's grace until its session must be gone
GRACE = 2.0  # seconds between SIGHUP and SIGKILL when a program is asked to end


class Refused(Exception):
    """The spawner's answer is no; `runs` is the program that stands in the way, if one does."""

    def __init__(self, why: str, runs: Facts | None) -> None:
        super().__init__(why)
        self.runs = runs


@dataclass(slots=True)
class Spoken:
    """A connection to the spawner."""

    socket: socket.socket
    _reader: Reader = field(init=False)
    _early: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = Reader(self.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, what: str, **content: object) -> Message:
        """Send, and have the answer. Raises Refused, KeeperError."""
        self.say(what, **content)
        try:
            while not self._early:
                messages = self._reader.read()
                if messages is None:
                    raise KeeperError("the spawner of local agents has ended", LOG_HINT)
                self._early += messages
            return _accepted(self._early.pop(0))
        except (OSError, BadMessage) as error:
            raise KeeperError(f"the spawner of local agents does not answer: {error}", LOG_HINT) from error

    def say(self, what: str, **content: object) -> None:
        """Send. Raises KeeperError."""
        try:
            self.socket.sendall(encode({"do": what, **content}))
        except OSError as error:
            raise KeeperError(f"the spawner of local agents does not answer: {error}", LOG_HINT) from error

    def heard(self) -> list[Message] | None:
        """What it has said unasked; None once it has gone. For a socket that is ready, or does not block."""
        early, self._early = self._early, []
        try:
            messages = self._reader.read()
        except BlockingIOError:
            return early
        except (OSError, BadMessage):
            return None
        return None if messages is None else early + messages

    def take_descriptor(self) -> int:
        """The one that came along; it is the caller's. Raises KeeperError if none came."""
        if not self._reader.descriptors:
            raise KeeperError("the spawner of local agents sends no terminal", LOG_HINT)
        return self._reader.descriptors.pop(0)

    def close(self) -> None:
        """Let go; idempotent."""
        self._reader.close()
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Held:
    """A program's terminal; the connection lets the spawner know that somebody reads, and tells the end."""

    spoken: Spoken
    facts: Facts
    descriptor: int

    def close(self) -> None:
        """Let go of both."""
        os.close(self.descriptor)
        self.spoken.close()


class SpawnerClient:
    """Asks the spawner with its files in one folder. All methods raise KeeperError."""

    def __init__(self, folder: Path, project: str, lifeline: int = -1) -> None:
        """`project` is its root; `lifeline` a pipe with whose end a spawner that has to be started ends."""
        self._folder = folder
        self._lifeline = lifeline
        self._command = [sys.executable, "-m", "qms_tui.keeper.spawner", str(folder), project]
        if lifeline >= 0:
            self._command.append(str(lifeline))
        self._starting = threading.Lock()
        self._started: Process | None = None

    def start_early(self) -> None:
        """See to it that a spawner runs, without waiting for it: it is needed in a moment."""
        found = self.connect()
        if found is None:
            self._started = launch(self._command, self._lifeline)
        else:
            found.close()

    def start(self, request: Request) -> Facts:
        """Start a program, and the spawner if there is none. Raises Refused as well."""
        with self._reach() as spoken:
            return Facts.decode(spoken.ask("start", **request.encode())["program"])

    def programs(self, patience: float = PATIENCE) -> dict[str, Facts]:
        """What is there, by agent; nothing without a spawner, which has `patience` seconds to answer."""
        spoken = self.connect(patience)
        if spoken is None:
            return {}
        with spoken:
            return listed(spoken.ask("list"))

    def end(self, agent: str, grace: float = GRACE) -> Facts | None:
        """End a program and wait until nothing of its session is left; None without one."""
        return self._settled(agent, "end", grace)

    def wait(self, agent: str) -> Facts | None:
        """Wait until nothing is left of the session of a program that has ended; None without one."""
        return self._settled(agent, "wait", GRACE)

    def hold(self, program: str) -> Held:
        """The descriptor of the program's terminal. Raises Refused as well."""
        spoken = self.connect()
        if spoken is None:
            raise Refused("there is no spawner", None)
        try:
            facts = Facts.decode(spoken.ask("hold", id=program)["program"])
            return Held(spoken, facts, spoken.take_descriptor())
        except BaseException:
            spoken.close()
            raise

    def watch(self) -> Spoken:
        """A connection that tells of starts and ends."""
        spoken = self._reach()
        try:
            spoken.ask("watch")
            return spoken
        except BaseException:
            spoken.close()
            raise

    def stop(self) -> bool:
        """End all programs and the spawner, by force if it hangs; whether there was one."""
        try:
            spoken = self.connect(KNOCK_PATIENCE)
            if spoken is None:
                return False
            with spoken:
                spoken.ask("list")
                spoken.socket.settimeout(GRACE + END_PATIENCE)
                spoken.say("quit")
                while spoken.socket.recv(65536):
                    pass
        except (KeeperError, OSError):
            # One that was stopped (SIGSTOP) ends its programs as soon as it goes on.
            if not end_owner(self._folder / SPAWNER_LOCK, GRACE + END_PATIENCE, wake=True):
                raise
        return True

    def close(self) -> None:
        """Reap what was started early; the spawner goes on."""
        with self._starting:
            self._reap()

    def connect(self, patience: float = PATIENCE) -> Spoken | None:
        """A connection to the spawner, whose answers take `patience` seconds at most; None if there is
        none."""
        connection = connect_own(self._folder / SPAWNER_SOCKET, patience, "spawner", KeeperError)
        return Spoken(connection) if connection is not None else None

    def _reap(self) -> None:
        process, self._started = self._started, None
        if process is not None:
            reap(process)

    def _settled(self, agent: str, what: str, grace: float) -> Facts | None:
        spoken = self.connect()
        if spoken is None:
            return None
        with spoken:
            spoken.socket.settimeout(grace + END_PATIENCE)
            content = spoken.ask(what, agent=agent, grace=grace)["program"]
        return Facts.decode(content) if content is not None else None

    def _reach(self) -> Spoken:
        """A connection; starts a spawner where there is none."""
        with self._starting:  # one start for all agents
            for _ in range(3):
                spoken = self.connect()
                if spoken is not None:
                    self._reap()
                    return spoken
                process, self._started = self._started or launch(self._command, self._lifeline), None
                wait_until_serving(process, "the spawner of local agents", KeeperError)
        raise KeeperError("the spawner of local agents does not stay", LOG_HINT)


def listed(message: Message) -> dict[str, Facts]:
    """The programs in an answer, by agent. Raises KeeperError."""
    try:
        programs: Sequence[object] = message["programs"]
        found = [Facts.decode(each) for each in programs if isinstance(each, dict)]
    except (KeyError, TypeError, BadMessage) as error:
        raise KeeperError(f"the spawner of local agents is not understood: {error}", LOG_HINT) from error
    return {facts.agent: facts for facts in found}


def _accepted(message: Message) -> Message:
    if "error" not in message:
        return message
    runs = message.get("runs")
    facts = Facts.decode(runs) if isinstance(runs, dict) else None
    raise Refused(str(message["error"]), facts)
