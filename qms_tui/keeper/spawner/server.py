"""All programs of one project, and whoever asks about them: one thread, no event loop, little memory."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from qms_tui.errors import QmsTuiError
from qms_tui.ipc.peer import Stranger, check_own
from qms_tui.keeper.spawner.messages import BadMessage, Message
from qms_tui.keeper.spawner.program import CannotStart, Program
from qms_tui.keeper.spawner.request import Request
from qms_tui.keeper.spawner.visitor import Visitor

GRACE = 2.0  # seconds between SIGHUP and SIGKILL when a program ends
LONELY = 30.0  # seconds without programs and visitors after which the spawner ends by itself
_POLL = 0.02  # seconds between looks at sessions that are ending: nothing tells of what is no child of ours
_LOOK = 5.0  # seconds between looks whether the socket is still there
_WAITING = 128  # connections that wait to be accepted

Open = Callable[[], socket.socket | None]
"""Makes the socket again; None if another spawner has it. Raises OSError, QmsTuiError."""


class Spawner:
    """Serves until nobody needs it, `quit`, SIGTERM, or the end of its lifeline; then its programs end."""

    def __init__(self, listener: socket.socket, address: Path, open_again: Open, lifeline: int = -1) -> None:
        """`address` is the path of the listener's socket, which `open_again` makes where it was removed.

        `lifeline` is a pipe that ends with whoever needs us.
        """
        self._address, self._open_again = address, open_again
        self._listener = listener
        self._inode = _inode(address)
        self._lifeline = lifeline
        self._selector = selectors.DefaultSelector()
        self._visitors: set[Visitor] = set()
        self._programs: dict[str, Program] = {}  # by agent
        self._former: list[Program] = []  # those whose agent has another one by now
        self._quitting = False
        self._lonely_since = time.monotonic()

    def run(self) -> None:
        """Serve."""
        self._listen()
        if self._lifeline >= 0:
            self._selector.register(self._lifeline, selectors.EVENT_READ, self._quit)
        wake = self._catch_signals()
        while not self._is_done:
            for key, _ in self._selector.select(self._pause):
                key.data()
            self._reap()
            self._press()
            self._look_after_socket()
        for visitor in list(self._visitors):
            self._dismiss(visitor)
        signal.set_wakeup_fd(-1)
        for end in wake:
            end.close()

    # -- the process --------------------------------------------------------------------------------------

    def _catch_signals(self) -> tuple[socket.socket, socket.socket]:
        """Wake up for them. All have a handler: what is ignored, programs would inherit."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._selector.register(ours, selectors.EVENT_READ, lambda: ours.recv(4096))
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, lambda number, frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_end)
        return ours, theirs

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        self._quit()

    def _quit(self) -> None:
        """End all programs, then ourselves."""
        if self._lifeline >= 0:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._lifeline)
        self._quitting = True
        for program in self._all:
            program.end(GRACE)

    def _listen(self) -> None:
        self._listener.setblocking(False)
        self._listener.listen(_WAITING)
        self._selector.register(self._listener, selectors.EVENT_READ, self._welcome)

    def _look_after_socket(self) -> None:
        """Where somebody has removed it, nobody would reach the programs any more."""
        if self._quitting or _inode(self._address) == self._inode:
            return
        self._selector.unregister(self._listener)
        self._listener.close()
        try:
            listener = None if self._lifeline >= 0 else self._open_again()
        except (OSError, QmsTuiError):
            listener = None
        if listener is None:
            self._quit()
            return
        self._listener, self._inode = listener, _inode(self._address)
        self._listen()

    @property
    def _all(self) -> list[Program]:
        return [*self._programs.values(), *self._former]

    @property
    def _is_done(self) -> bool:
        if self._quitting:
            return all(program.over for program in self._all)
        if self._visitors or self._programs or self._former:
            self._lonely_since = time.monotonic()
        return time.monotonic() - self._lonely_since >= LONELY

    @property
    def _pause(self) -> float | None:
        """Seconds until there is something to do by itself; None if there is nothing."""
        if any(program.is_ending for program in self._all):
            return _POLL
        if self._visitors or self._programs:
            return _LOOK
        return max(0.0, self._lonely_since + LONELY - time.monotonic())

    # -- programs -----------------------------------------------------------------------------------------

    def _reap(self) -> None:
        by_pid = {program.pid: program for program in self._all if program.alive}
        changed = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid in by_pid:  # else one that could not begin
                by_pid[pid].reaped(status, GRACE)
                self._tell_holder(by_pid[pid])
                changed = True
        if changed:
            self._tell_watchers()

    def _press(self) -> None:
        for program in self._all:
            if program.is_ending:
                program.press()
            if program.over:
                self._settle(program)

    def _settle(self, program: Program) -> None:
        """Its session is gone: answer who waits for that, and forget it if nobody has to read its output."""
        for visitor in [each for each in self._visitors if each.waits is program]:
            visitor.waits = None
            self._tell(visitor, {"program": program.facts.encode()})
        if not program.drained and not self._drops(program):
            return
        program.close()
        if self._programs.get(program.agent) is program:
            del self._programs[program.agent]
        if program in self._former:
            self._former.remove(program)

    def _drops(self, program: Program) -> bool:
        """Whether nobody will want its last words: its end was asked for, and nobody listens."""
        return (program.asked or program in self._former) and not self._holders(program)

    def _holders(self, program: Program) -> list[Visitor]:
        return [visitor for visitor in self._visitors if visitor.holds is program]

    def _tell_holder(self, program: Program) -> None:
        for visitor in self._holders(program):
            self._tell(visitor, {"program": program.facts.encode()})

    def _tell_watchers(self) -> None:
        for visitor in [each for each in self._visitors if each.watches]:
            self._tell(visitor, self._list({}))

    # -- visitors -----------------------------------------------------------------------------------------

    def _welcome(self) -> None:
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            visitor = Visitor(connection)
            try:
                check_own(connection)
            except Stranger as stranger:
                with contextlib.suppress(OSError):
                    visitor.tell({"error": f"the spawner does not serve this program: it {stranger}"})
                visitor.close()
                return
            self._visitors.add(visitor)
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._hear(visitor))

    def _hear(self, visitor: Visitor) -> None:
        try:
            messages = visitor.reader.read()
        except BlockingIOError:
            return
        except (OSError, BadMessage):
            messages = None
        if messages is None:
            self._dismiss(visitor)
            return
        for message in messages:
            if visitor in self._visitors:
                self._answer(visitor, message)

    def _answer(self, visitor: Visitor, message: Message) -> None:
        try:
            ask = self._questions[str(message.get("do"))]
        except KeyError:
            self._tell(visitor, {"error": f"nobody knows how to {message.get('do')!r}"})
            return
        try:
            answer = ask(self, visitor, message)
        except BadMessage as error:
            answer = {"error": f"a request that makes no sense: {error}"}
        if answer is not None:
            self._tell(visitor, answer)

    def _tell(self, visitor: Visitor, message: Message, descriptor: int = -1) -> None:
        try:
            visitor.tell(message, descriptor)
        except OSError:
            self._dismiss(visitor)

    def _dismiss(self, visitor: Visitor) -> None:
        if visitor in self._visitors:
            self._visitors.discard(visitor)
            self._selector.unregister(visitor.connection)
            visitor.close()

    # -- what they ask for --------------------------------------------------------------------------------

    def _start(self, visitor: Visitor, message: Message) -> Message:
        request = Request.decode(message)
        before = self._programs.get(request.agent)
        if before is not None and before.alive:
            return {"error": f"{request.agent} runs already", "runs": before.facts.encode()}
        if self._quitting:
            return {"error": "the spawner is about to end"}
        try:
            program = Program(request)
        except CannotStart as error:
            return {"error": str(error)}
        if before is not None:
            before.kill()
            self._former.append(before)
        self._programs[request.agent] = program
        self._tell_watchers()
        return {"program": program.facts.encode()}

    def _list(self, message: Mapping[str, Any]) -> Message:
        return {"programs": [program.facts.encode() for program in self._programs.values()]}

    def _hold(self, visitor: Visitor, message: Message) -> None:
        program = next((each for each in self._all if each.id == message.get("id")), None)
        if program is None:
            self._tell(visitor, {"error": "there is no such program"})
            return
        for other in self._holders(program):
            self._dismiss(other)
        visitor.holds = program
        self._tell(visitor, {"program": program.facts.encode()}, program.descriptor)

    def _drained(self, visitor: Visitor, message: Message) -> None:
        if visitor.holds is not None and not visitor.holds.alive:
            visitor.holds.drained = True

    def _end(self, visitor: Visitor, message: Message) -> Message | None:
        program = self._programs.get(str(message.get("agent")))
        grace = message.get("grace", GRACE)
        if program is not None and isinstance(grace, int | float):
            program.end(grace)
        return self._wait(visitor, message)

    def _wait(self, visitor: Visitor, message: Message) -> Message | None:
        program = self._programs.get(str(message.get("agent")))
        if program is None:
            return {"program": None}
        if program.over:
            return {"program": program.facts.encode()}
        visitor.waits = program
        return None

    def _watch(self, visitor: Visitor, message: Message) -> Message:
        visitor.watches = True
        return self._list(message)

    def _stop(self, visitor: Visitor, message: Message) -> None:
        self._quit()

    _questions: Mapping[str, Callable[[Spawner, Visitor, Message], Message | None]] = {
        "start": _start,
        "list": lambda self, visitor, message: self._list(message),
        "hold": _hold,
        "drained": _drained,
        "end": _end,
        "wait": _wait,
        "watch": _watch,
        "quit": _stop,
    }


def _inode(path: Path) -> int:
    """The number of a file; 0 if there is none."""
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
